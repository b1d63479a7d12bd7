"""What must be true when the market closes: books, bank, stock and messages tell the same."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.killer import DATABASE, in_hand
from tests.marketday.square import GIG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.marketday.door import Door
    from tests.marketday.shopping import Basket, Shopping
    from tests.marketday.square import Shop

SOLD = """
SELECT coalesce(sum(taking.pieces), 0) FROM taking JOIN sale ON sale.id = taking.sale
WHERE sale.state IN ('processing', 'ready', 'completed', 'refunded')
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of a day, and what is wrong, a line each."""

    tickets: int
    tickets_sold: int
    let_in: int
    orders: int
    paid: int
    sold_out: int
    refunded: int
    pieces: int
    wrong: tuple[str, ...]


async def judge(shopping: Shopping, door: Door) -> Verdict:
    """Look at everything that can be looked at from outside, and at the bot's own books."""
    square, baskets = shopping.square, shopping.baskets
    wrong = [*_cards(baskets), *await _bank(shopping), *await _stock(shopping)]
    wrong += await _balances(shopping)
    wrong += [f"left waiting: {one}" for undone in in_hand(_file(shopping)) for one in undone]
    audited = await square.stage.audit()
    wrong += [] if audited.passed else [f"the audit: {audited.output}"]
    wrong += _tickets(baskets, door)
    tickets = [basket for basket in baskets if basket.is_ticket]
    baskets = [basket for basket in baskets if not basket.is_ticket]
    paid = [basket for basket in baskets if basket.is_paid]
    return Verdict(
        tickets=len(tickets),
        tickets_sold=sum(basket.is_paid for basket in tickets),
        let_in=sum(count == 1 for count in door.let_in.values()),
        orders=len(baskets),
        paid=len(paid),
        sold_out=sum(bool(basket.refused) for basket in baskets),
        refunded=sum(bool(basket.given_back) for basket in baskets),
        pieces=sum(basket.pieces for basket in paid),
        wrong=tuple(wrong),
    )


def _cards(baskets: list[Basket]) -> Iterator[str]:
    """Each order has a card of its own, or a refusal; whoever was told no was not charged."""
    for payment, many in Counter(basket.payment for basket in baskets if basket.payment).items():
        if many > 1:
            yield f"{payment} is the card of {many} orders"
    for basket in baskets:
        if not basket.payment and not basket.refused:
            yield f"nothing came of {basket.typed.line!r}"
        if basket.refused and basket.is_paid:
            yield f"{basket.payment} was refused and paid: {basket.refused}"
        if basket.refused and "left" not in basket.refused and "sold out" not in basket.refused:
            yield f"refused for another reason: {basket.refused}"


def _tickets(baskets: list[Basket], door: Door) -> Iterator[str]:
    """As many as there are places, each with a code of its own, which let in once at one of two doors."""
    sold = sum(basket.is_paid for basket in baskets if basket.is_ticket)
    wanted = sum(basket.is_ticket for basket in baskets)
    if sold != min(GIG.stock, wanted):
        yield f"{sold} tickets were sold, of {GIG.stock} that there were"
    if len(set(door.codes)) != sold or len(door.codes) != sold:
        yield f"{len(door.codes)} codes ({len(set(door.codes))} different ones) for {sold} tickets"
    for code in door.codes:
        if door.let_in[code] != 1:
            yield f"{code} let in {door.let_in[code]} people"


async def _bank(shopping: Shopping) -> list[str]:
    """Each order that its card took from a bank account was taken from it once, and nothing else was."""
    square = shopping.square
    wrong, taken = [], 0
    for customer in square.customers:
        entries = (await square.stage.statement(customer.guest.iban))["entries"]
        fresh = [entry for entry in entries if entry["id"] not in square.opening[customer.id]]
        booked: defaultdict[str, list[int]] = defaultdict(list)
        for entry in fresh:
            booked[_payment_in(str(entry["text"]))].append(int(entry["amount"]))
        mine = [basket for basket in shopping.baskets if basket.customer is customer and basket.is_paid]
        by_bank = [basket for basket in mine if not basket.is_from_balance]
        expected = {basket.payment: [-basket.cents] for basket in by_bank}
        taken += sum(basket.cents for basket in by_bank)
        wrong += [] if dict(booked) == expected else [f"{customer.id}: booked {dict(booked)}, not {expected}"]
    held = await square.held()
    return [*wrong, *([] if held == taken else [f"the bank holds {held} for us, customers paid {taken}"])]


async def _stock(shopping: Shopping) -> list[str]:
    """What is left is what was there without what was sold, piece by piece."""
    wrong = []
    for shop in shopping.square.shops:
        told, sold = await shop.left(), sold_by(shopping, shop)
        for goods in shop.stall.goods:
            expected = goods.stock - sold[goods.name]
            if told[goods.name] != expected or expected < 0:
                wrong.append(f"{shop.stall.name}: {told[goods.name]} {goods.name} left, not {expected}")
    with closing(sqlite3.connect(f"file:{_file(shopping)}?mode=ro", uri=True)) as books:
        (in_books,) = books.execute(SOLD).fetchone()
    ordered = [basket for basket in shopping.baskets if not basket.is_ticket]
    pieces = sum(basket.pieces for basket in ordered if basket.is_paid)
    return [*wrong, *([] if in_books == pieces else [f"the books sold {in_books} pieces, people {pieces}"])]


def sold_by(shopping: Shopping, shop: Shop) -> Mapping[str, int]:
    """Pieces of each of a shop's goods that were paid; a refund of money leaves them with the customer."""
    sold = Counter[str]()
    for basket in shopping.baskets:
        if basket.shop is shop and basket.is_paid:
            sold[basket.goods.name] += basket.pieces
    return sold


async def _balances(shopping: Shopping) -> list[str]:
    """Each is told a balance of what was paid to them without what they paid from it."""
    expected = Counter[str]()
    for basket in shopping.baskets:
        if basket.is_paid:
            expected[basket.shop.id] += basket.cents - basket.given_back
            expected[basket.customer.id] += basket.given_back - basket.cents * basket.is_from_balance
    wrong = []
    for one in [*shopping.square.customers, *(shop.talker for shop in shopping.square.shops)]:
        told = await one.guest.asks("!balance", "balance", one.guest.chat)
        euros = f"{expected[one.id] / 100:,.2f} EUR"
        if euros not in told.body:
            wrong.append(f"{one.id} was told {told.body!r}, not {euros}")
    return wrong


def _payment_in(text: str) -> str:
    return next((word for word in text.split() if word.startswith("PB-")), text)


def _file(shopping: Shopping) -> Path:
    return shopping.square.stage.data_dir / DATABASE
