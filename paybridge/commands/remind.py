"""`!remind`: tell somebody again that they were asked for money."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command


@command(
    "remind",
    usage="[PB-7K3QD]",
    examples=("!remind PB-7K3QD",),
    aliases=("催",),
    while_frozen=True,
)
async def remind(call: Call) -> Answer:
    """Remind whoever was asked, at most once in a day; without an id, of the only open request."""
    request = await call.desk.requests.made_by(call.speaker, call.first)
    reminded = await call.desk.requests.remind(request, call.speaker)
    return Answer(reminded.step, says=reminded.says)
