"""`!accept`: pay what somebody asked you for."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command, read_account


@command(
    "accept",
    usage="[PB-7K3QD] [from card]",
    examples=("!accept PB-7K3QD", "!accept PB-7K3QD from card"),
    aliases=("接受",),
    moves_money=True,
)
async def accept(call: Call) -> Answer:
    """Show the card for paying a request; without an id, the only one there is."""
    words, source = read_account(call.words)
    request = await call.desk.requests.asked_of(call.speaker, words.partition(" ")[0])
    room = await call.desk.rooms.facts(request.room)
    drafted = await call.desk.requests.accept(request, call.speaker, call.desk.payments, room, source)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=card)
