"""`!decline`: say no to a request."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command


@command(
    "decline",
    usage="[PB-7K3QD] [why]",
    examples=("!decline PB-7K3QD wrong amount",),
    aliases=("拒绝",),
    role=Role.RECEIVE,
)
async def decline(call: Call) -> Answer:
    """Decline a request; whoever asked is told, with the reason."""
    request = await call.desk.requests.asked_of(call.speaker, call.first)
    declined = await call.desk.requests.decline(request, call.speaker, call.rest)
    return Answer(declined.step, says=declined.says)
