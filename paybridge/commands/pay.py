"""`!pay`: send money to someone in the room, or the same to several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, Wish, command, read_each, read_one

if TYPE_CHECKING:
    from paybridge.commands._frame import EachWords


@command(
    "pay",
    usage="@someone [@others] 12.50 EUR [each] [from card] [what for]",
    examples=(
        "!pay @bob:example.org 12.50 EUR for pizza",
        "!pay 3x4.20 EUR @bob:example.org coffee",
        "!pay @bob:example.org 5",
        "!pay @bob:example.org 20 EUR from card",
        "!pay @bob:example.org @carol:example.org 10 EUR each for pizza",
    ),
    aliases=("send", "付", "付款"),
    moves_money=True,
)
async def pay(call: Call) -> Answer:
    """Draft one payment or several, and show the card; nothing moves before it is confirmed."""
    currency, people = await call.currency(), await call.people()
    several = read_each(call.words, people, currency)
    if several is not None:
        return await _pay_each(call, several)
    said = read_one(call.words, people, currency)
    payee = await call.desk.people.know(said.payee)
    wish = Wish(payee, said.amount.money, said.note, said.amount.times, said.source)
    drafted = await call.desk.payments.draft(call.speaker, wish, call.room)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        call.room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=card)


async def _pay_each(call: Call, said: EachWords) -> Answer:
    wishes = [
        Wish(await call.desk.people.know(payee), said.amount.money, said.note, said.amount.times, said.source)
        for payee in said.payees
    ]
    drafted = await call.desk.payments.draft_many(call.speaker, wishes, call.room)
    return Answer(
        drafted.step, says=await call.desk.bundle_news.card(drafted, call.speaker.person, call.room)
    )
