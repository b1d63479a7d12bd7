"""`!refund`: give back what somebody paid, all of it or a part."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command, read_payment_id, read_refund


@command(
    "refund",
    usage="PB-7K3QD [5 EUR] [what for]",
    examples=("!refund PB-7K3QD", "!refund PB-7K3QD 5 EUR broken cup"),
    aliases=("退款",),
    moves_money=True,
    role=Role.RECEIVE,
)
async def refund(call: Call) -> Answer:
    """Show the card of a refund; the payment that it gives back stays as it is."""
    original = await call.desk.refunds.original(read_payment_id(call.first), call.speaker)
    amount, note = read_refund(call.rest, original.amount.currency)
    drafted = await call.desk.refunds.draft(original, call.speaker, amount, note, call.room)
    card = await call.desk.news.card(drafted.transfer, call.speaker.person, None, call.room.members)
    return Answer(drafted.step, says=card)
