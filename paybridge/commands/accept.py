"""`!accept`: pay what somebody asked you for."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command


@command(
    "accept",
    usage="[PB-7K3QD]",
    examples=("!accept PB-7K3QD",),
    aliases=("接受",),
    moves_money=True,
)
async def accept(call: Call) -> Answer:
    """Show the card for paying a request; without an id, the only one there is."""
    request = await call.desk.requests.asked_of(call.speaker, call.first)
    room = await call.desk.rooms.facts(request.room)
    drafted = await call.desk.requests.accept(request, call.speaker, call.desk.payments, room)
    card = await call.desk.news.card(drafted.transfer, call.speaker.person, drafted.source.link, room.members)
    return Answer(drafted.step, says=card)
