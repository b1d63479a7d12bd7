"""`!accept`: pay what somebody asked you for."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command, looks_like_payment_id, read_account, read_refund


@command(
    "accept",
    usage="[PB-7K3QD] [5 EUR] [from card]",
    examples=("!accept PB-7K3QD", "!accept PB-7K3QD 5 EUR", "!accept PB-7K3QD from card"),
    aliases=("接受",),
    moves_money=True,
)
async def accept(call: Call) -> Answer:
    """Show the card for paying a request or a part of it; without an id, the only one there is."""
    words, source = read_account(call.words)
    first, _, rest = words.partition(" ")
    named = not first or looks_like_payment_id(first)
    request = await call.desk.requests.asked_of(call.speaker, first if named else "")
    part, _ = read_refund(rest if named else words, request.amount.currency)
    if not named and part is None:
        # Neither an id nor an amount: refused as what it is not.
        request = await call.desk.requests.asked_of(call.speaker, first)
    room = await call.desk.rooms.facts(request.room)
    drafted = await call.desk.requests.accept(request, call.speaker, call.desk.payments, room, source, part)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=card)
