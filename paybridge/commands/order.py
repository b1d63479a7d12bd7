"""`!order`: buy what a shop in this room sells, and see how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    SaleState,
    Say,
    command,
    lines_of,
    looks_like_payment_id,
    rate_text,
    read_payment_id,
    read_wanted,
    read_who,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Drafted, Paper

READY = frozenset({"ready", "shipped", "好了"})
DONE = frozenset({"done", "completed", "完成"})


@command(
    "order",
    usage="[@someone] 2 latte, 1 cake | ready PB-7K3QD | done PB-7K3QD",
    examples=(
        "!order 2 latte, 1 cake",
        "!order @bob:example.org 2 latte",
        "!order",
        "!order ready PB-7K3QD",
        "!order done PB-7K3QD",
    ),
    aliases=("点", "订购"),
    moves_money=True,
)
async def order(call: Call) -> Answer:
    """Show the basket and its card, list what is open, or say how far an order is."""
    word = call.first.casefold()
    if not word:
        return await _list(call)
    if word in READY | DONE and looks_like_payment_id(call.rest):
        to = SaleState.READY if word in READY else SaleState.COMPLETED
        step, says = await call.desk.orders.move(call.speaker, read_payment_id(call.rest), to)
        return Answer(step, key="order.moved", facts={"payment": read_payment_id(call.rest)}, says=says)
    owner, words = None, call.words
    if word.startswith("@"):
        owner, words = read_who(call.first, await call.people()), call.rest
    counter = await call.desk.orders.here(call.room, owner)
    drafted, paper = await call.desk.orders.order(call.speaker, counter, read_wanted(words), call.room)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        call.room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=(await _basket(call, drafted, paper), *card))


async def _basket(call: Call, drafted: Drafted, paper: Paper) -> Say:
    """What is in it, with its taxes; alone with the buyer where the room must not see amounts."""
    hides = await call.desk.policies.hides_amounts(call.room.id)
    bill = paper.bill
    return Say(
        id=f"{drafted.transfer.id}/basket",
        key="order.basket",
        language=call.language,
        room=None if hides else call.room.id,
        person=call.speaker.mxid if hides else None,
        facts={
            "payment": drafted.transfer.id,
            "shop": paper.seller.name,
            "lines": lines_of(paper),
            "taxes": tuple(
                {"rate": rate_text(one.rate), "tax": one.tax, "net": one.net}
                for one in bill.taxes
                if one.rate
            ),
            "total": bill.total,
        },
    )


async def _list(call: Call) -> Answer:
    rows: list[Facts] = []
    for sale, other, paper in await call.desk.orders.open_orders(call.speaker):
        ready = sale.state is SaleState.READY
        rows.append(
            {
                "payment": sale.id,
                "other": call.who(other),
                "lines": () if paper is None else lines_of(paper),
                "mine": ({},) if sale.buyer == call.speaker.person.id else (),
                "theirs": () if sale.buyer == call.speaker.person.id else ({"payment": sale.id},),
                "ready": ({},) if ready else (),
            }
        )
    return Answer(key="order.list" if rows else "order.none", facts={"orders": tuple(rows)}, private=True)
