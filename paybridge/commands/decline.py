"""`!decline`: say no to a request."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command, looks_like_payment_id


@command(
    "decline",
    usage="[PB-7K3QD] [why]",
    examples=("!decline PB-7K3QD wrong amount", "!decline wrong amount"),
    aliases=("拒绝",),
    role=Role.RECEIVE,
)
async def decline(call: Call) -> Answer:
    """Decline a request, without an id the only one there is; whoever asked is told, with the reason."""
    named = looks_like_payment_id(call.first)
    request = await call.desk.requests.asked_of(call.speaker, call.first if named else "")
    declined = await call.desk.requests.decline(request, call.speaker, call.rest if named else call.words)
    return Answer(declined.step, says=declined.says)
