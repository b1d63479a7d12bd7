"""`!pay`: send money to someone in the room."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Wish, command, read_payment


@command(
    "pay",
    usage="@someone 12.50 EUR [from card] [what for]",
    examples=(
        "!pay @bob:example.org 12.50 EUR for pizza",
        "!pay 3x4.20 EUR @bob:example.org coffee",
        "!pay @bob:example.org 5",
        "!pay @bob:example.org 20 EUR from card",
    ),
    aliases=("send", "付", "付款"),
    moves_money=True,
)
async def pay(call: Call) -> Answer:
    """Draft a payment and show its card; nothing moves before it is confirmed."""
    said = read_payment(call.words, call.named, await call.currency())
    payee = await call.desk.people.know(said.payee)
    wish = Wish(payee, said.amount.money, said.note, said.amount.times, said.source)
    drafted = await call.desk.payments.draft(call.speaker, wish, call.room)
    card = await call.desk.news.card(
        drafted.transfer, call.speaker.person, drafted.source.link, call.room.members, drafted.holder
    )
    return Answer(drafted.step, says=card)
