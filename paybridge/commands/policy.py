"""`!policy`: what holds in this room, and changing it."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Fact, Holding, Role, command, read_wish

POWER_LACKING = "sender"


@command(
    "policy",
    usage="[currency EUR | language zh | receipts private | requests nobody | limit 20 EUR]",
    examples=(
        "!policy",
        "!policy currency EUR",
        "!policy language zh",
        "!policy receipts private",
        "!policy requests moderators",
        "!policy limit 20 EUR",
    ),
    aliases=("rules", "规则"),
    role=Role.RECEIVE,
)
async def policy(call: Call) -> Answer:
    """Show what holds here; with words behind it, change one setting, which takes power in the room."""
    policies = call.desk.policies
    if not call.words:
        return Answer(key="policy.shown", facts=_shown(call, await policies.holding(call.room.id)))
    setting, wish = read_wish(call.words, await call.currency(), call.desk.settings.languages)
    step, holding = await policies.change(call.room.id, call.speaker.mxid, call.spoken.proof, setting, wish)
    return Answer(step, key="policy.shown", facts=_shown(call, holding) | {"changed": ({},)})


def _shown(call: Call, holding: Holding) -> dict[str, Fact]:
    held, flaws = holding.policy, holding.stated.flaws
    misread = ", ".join(flaw.value for flaw in flaws if flaw != POWER_LACKING)
    return {
        "changed": (),
        "currency": held.currency or call.desk.settings.currency,
        **{choice: ({},) if choice == held.receipts else () for choice in ("public", "private")},
        **{choice: ({},) if choice == held.requests else () for choice in ("anyone", "moderators", "nobody")},
        "language": held.language or call.desk.settings.language,
        "limit": ({"most": held.limit},) if held.limit else (),
        "unlimited": () if held.limit else ({},),
        "powerless": ({},) if POWER_LACKING in flaws else (),
        "misread": ({"parts": misread},) if misread else (),
    }
