"""`!forget-me`: close the account and erase the person."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Place, Role, command

FOR_EVER = "for-ever"
"""What must stand behind the verb, so that nobody is erased by a line that they only tried."""


@command(
    "forget-me",
    usage="[for-ever [123456]]",
    examples=("!forget-me", "!forget-me for-ever", "!forget-me for-ever 123456"),
    aliases=("注销",),
    place=Place.DIRECT_ONLY,
    role=Role.RECEIVE,
    proven=True,
    takes_factor=True,
)
async def forget_me(call: Call) -> Answer:
    """Say what would be erased and what must be done first; with `for-ever` behind it, do it."""
    if call.first.casefold() != FOR_EVER:
        found = await call.desk.forgetting.look(call.speaker)
        code = " 123456" if found.needs_factor else ""
        return Answer(
            key="forget.asked",
            facts={"returned": ({"count": found.returned},) if found.returned else ()},
            lines=(f"!forget-me {FOR_EVER}{code}",),
        )
    step, says = await call.desk.forgetting.forget(call.speaker, call.rest, call.device)
    return Answer(step, key="forget.done", says=says)
