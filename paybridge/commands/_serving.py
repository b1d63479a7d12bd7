"""What a shop types about an order, and how an order is shown to either side."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Money,
    UserError,
)
from paybridge.commands._shop_words import (
    Right,
    SaleState,
    looks_like_order,
    read_wanted,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import (
        Say,
    )
    from paybridge.commands._shop_words import (
        Placed,
    )

MOVES: Final = {
    **dict.fromkeys(("ready", "好了"), SaleState.READY),
    **dict.fromkeys(("shipped", "sent", "寄出"), SaleState.SHIPPED),
    **dict.fromkeys(("done", "completed", "完成"), SaleState.COMPLETED),
}
CANCEL: Final = frozenset({"cancel", "取消"})
REFUND: Final = frozenset({"refund", "退款"})
ACTS: Final = CANCEL | REFUND | MOVES.keys()
_ALL: Final = frozenset({"", "all", "全部"})
_STOCK: Final = re.compile("(?:^|[\\s,;])(?:(with)|without|no|(入库)|不入库)(?:\\s*stock)?$", re.IGNORECASE)
_NOT_HANDED_OVER: Final = frozenset({SaleState.PROCESSING, SaleState.READY})


class OrderNotNamedError(UserError):
    """It is said what is to be done, and not about which order."""

    key = "error.order_not_named"

    def __init__(self, *, word: str) -> None:
        super().__init__(word=word)

    def lines(self) -> tuple[str, ...]:
        return ("!orders",)


def is_act(call: Call) -> bool:
    """Whether the words say something about an order rather than what is wanted.

    Raises OrderNotNamedError if they are nothing but what is to be done.
    """
    if call.first.casefold() not in ACTS:
        return False
    if not call.rest:
        raise OrderNotNamedError(word=call.first.casefold())
    return looks_like_order(_named(call))


async def act(call: Call) -> Answer:
    """What the shop says of its order, or its buyer of one that is not paid."""
    word, named = call.first.casefold(), _named(call)
    serving = call.desk.serving
    if word in MOVES:
        placed, step, says = await serving.move(call.speaker, named, MOVES[word])
        return Answer(step, key="order.moved", facts=shown(call, placed), says=says)
    words = "".join(call.rest.split(maxsplit=1)[1:])
    if word in REFUND:
        placed = await serving.find(call.speaker, named, Right.REFUND)
        return await _give_back(call, placed, words, cancels=False)
    placed = await serving.look(call.speaker, named)
    if placed.sale.state is not SaleState.PENDING:
        placed = await serving.find(call.speaker, named, Right.REFUND)
        return await _give_back(call, placed, words, cancels=True)
    if placed.sale.buyer == call.speaker.person.id:
        step, says = await call.desk.cancellations.cancel(call.speaker, placed.sale.id)
        return Answer(step, says=says)
    placed = await serving.find(call.speaker, named, Right.SERVE)
    step, says = await serving.decline(call.speaker, placed)
    return Answer(step, key="order.moved", facts=shown(call, placed), says=says)


async def show(call: Call, named: str) -> Answer:
    """Where one order stands, with its lines."""
    placed = await call.desk.serving.look(call.speaker, named)
    hides = await call.desk.policies.hides_amounts(call.room.id)
    return Answer(key="order.shown", facts=shown(call, placed), private=hides)


async def list_open(call: Call) -> Answer:
    """What is to be done, and what is to come."""
    rows = tuple(shown(call, placed) for placed in await call.desk.serving.open_orders(call.speaker))
    return Answer(key="order.list" if rows else "order.none", facts={"orders": rows}, private=True)


def shown(call: Call, placed: Placed) -> Facts:
    """An order as facts, for whoever asks: its buyer, or somebody of the shop."""
    sale, transfer = placed.sale, placed.transfer
    mine = sale.buyer == call.speaker.person.id
    currency = transfer.amount.currency
    back = Money(transfer.refunded, currency)
    buyer, owner = call.who(transfer.payer_mxid), call.who(placed.shop.owner_mxid)
    return {
        "payment": sale.id,
        "number": ({"number": sale.number},) if sale.number else (),
        "mine": ({"other": owner},) if mine else (),
        "theirs": () if mine else ({"other": buyer},),
        "lines": tuple(
            {
                "pieces": taking.pieces,
                "words": name,
                "sum": Money(taking.pieces * taking.price, currency),
                "back": ({"pieces": taking.refunded},) if taking.refunded else (),
            }
            for name, taking in placed.takings
        ),
        "total": transfer.amount,
        "back": ({"sum": back},) if back.is_positive else (),
        "paper": ({"payment": sale.id},) if sale.number else (),
        **{state.value: ({},) if sale.state is state else () for state in SaleState},
    }


async def _give_back(call: Call, placed: Placed, words: str, *, cancels: bool) -> Answer:
    """The lines that go back, and the card that does it once it is confirmed."""
    said = _STOCK.search(words)
    wanted = (words[: said.start()] if said else words).strip()
    restocks = bool(said[1] or said[2]) if said else placed.sale.state in _NOT_HANDED_OVER
    back = await call.desk.serving.give_back(
        call.speaker,
        placed,
        () if cancels or wanted.casefold() in _ALL else read_wanted(wanted),
        call.room,
        restocks=restocks,
        cancels=cancels,
    )
    refund = back.drafted.transfer
    card = await call.desk.news.card(refund, placed.owner, None, call.room.members)
    facts: Facts = {
        "payment": placed.sale.id,
        "lines": tuple({"pieces": pieces, "words": name} for name, pieces in back.lines),
        "stock": ({},) if restocks else (),
        "gone": () if restocks else ({},),
    }
    return Answer(back.drafted.step, key="order.giving_back", facts=facts, says=_for(call, placed, card))


def _for(call: Call, placed: Placed, card: tuple[Say, ...]) -> tuple[Say, ...]:
    """The card goes to whoever confirms it: not to the owner of the shop, if somebody else asks."""
    if call.speaker.person.id == placed.owner.id:
        return card
    asked = card[-1]
    return (replace(asked, room=None, person=call.speaker.mxid, slot=f"{asked.slot}/{call.speaker.mxid}"),)


def _named(call: Call) -> str:
    return call.rest.split(maxsplit=1)[0] if call.rest else ""
