"""`!invoice`: ask somebody for money with lines, tax and a number; or have one as a file."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    PayeeMissingError,
    Role,
    command,
    looks_like_payment_id,
    read_invoice,
    read_payment_id,
    read_who,
)


@command(
    "invoice",
    usage='@someone "2x Latte 3.20; Cake 4.50" [tax 7%] [discount 10%] [tip ok] [expires 2h] | PB-7K3QD',
    examples=(
        '!invoice @bob:example.org "2x Latte 3.20 EUR; Cake 4.50 EUR" tax 7% tip ok expires 2h',
        '!invoice @bob:example.org "Book 12 EUR 7%; Bag 2 EUR 19%" discount 1 EUR parts ok',
        "!invoice PB-7K3QD",
    ),
    aliases=("发票",),
    moves_money=True,
    while_frozen=True,
    role=Role.RECEIVE,
)
async def invoice(call: Call) -> Answer:
    """Issue one, as merchants and their staff may; or send one as a file to whoever sells or buys by it."""
    if looks_like_payment_id(call.first):
        return await _file(call, read_payment_id(call.first))
    seller = await call.desk.staffing.seller(call.speaker, tuple(call.room.members))
    said = read_invoice(call.words, await call.currency())
    people = await call.people()
    who = read_who(said.who, people) if said.who else people.reply_author
    if who is None:
        raise PayeeMissingError
    buyer = await call.desk.people.know(who)
    me = call.speaker.person.id
    step, says = await call.desk.invoices.issue(seller, buyer, said, call.room, me)
    return Answer(step, says=says)


async def _file(call: Call, payment: str) -> Answer:
    if await call.desk.book.sale(payment) is not None:
        placed = await call.desk.serving.look(call.speaker, payment)
        return Answer(
            key="invoice.file", facts=await call.desk.invoices.of_order(placed), file="pdf", private=True
        )
    issued = await call.desk.invoices.find(call.speaker, payment)
    return Answer(key="invoice.file", facts=call.desk.invoices.facts(issued), file="pdf", private=True)
