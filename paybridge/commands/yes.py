"""`!yes`: approve the only open card."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command


@command("yes", examples=("!yes",), aliases=("ok", "好", "是"), moves_money=True, role=Role.RECEIVE)
async def yes(call: Call) -> Answer:
    """Approve the person's open card, if there is exactly one."""
    card = await call.desk.approvals.find(call.speaker.person.id, None)
    step, says = await call.desk.approvals.approve(card, call.spoken.proof)
    return Answer(step, says=says)
