"""`!yes`: approve the only open card."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command, read_digits


@command(
    "yes",
    usage="[123456]",
    examples=("!yes",),
    aliases=("ok", "好", "是"),
    moves_money=True,
    role=Role.RECEIVE,
    takes_factor=True,
)
async def yes(call: Call) -> Answer:
    """Approve the person's open card, if there is exactly one."""
    offered = await call.desk.repeats.offered(call.speaker.person.id, None)
    if offered is not None:
        step, says = await call.desk.repeats.approve(
            offered, call.speaker, call.spoken.proof, read_digits(call.words)
        )
        return Answer(step, says=says)
    card = await call.desk.approvals.find(call.speaker.person.id, None)
    call.desk.bridged.check_approver(card, call.speaker, None)
    step, says = await call.desk.approvals.approve(card, call.spoken.proof, read_digits(call.words))
    return Answer(step, says=says)
