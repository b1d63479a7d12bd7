"""What a payment's fate means for the order that it is for: pieces leave the stock, and come back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.invoice import paper_from_json
from paybridge.domain.sale import (
    Item,
    ItemChangedError,
    ItemState,
    SaleState,
    Taking,
    TakingState,
    check_left,
    moved,
)
from paybridge.domain.shop import ShopState
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from paybridge.domain.facts import Facts
    from paybridge.domain.invoice import Paper
    from paybridge.domain.people import Person
    from paybridge.domain.sale import Sale
    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Book, Vault
    from paybridge.services.settings import Settings

_ARRIVED = frozenset({TransferState.SETTLED, TransferState.CLAIMABLE})
_NEVER = frozenset({TransferState.REFUSED, TransferState.CANCELLED, TransferState.EXPIRED})


class Stock:
    """Moves orders and their pieces in the steps that move their payments."""

    def __init__(self, book: Book, vault: Vault, settings: Settings) -> None:
        self._book = book
        self._vault = vault
        self._settings = settings

    async def taken(self, card: Transfer) -> Step:
        """What the approval takes out of the stock; nothing if it pays for no order.

        Raises ItemChangedError for another price than the card's, and SoldOutError. Of approvals that want
        the last piece at once, the database lets one be written; the others' steps are stale.
        """
        sale = await self._book.sale(card.id)
        if sale is None:
            return Step()
        owner = await self._book.person(card.payee)
        assert owner is not None  # introduced with the card
        takings = []
        for taking in await self._book.takings(sale.id):
            item = await self._book.item(taking.item)
            assert item is not None  # a foreign key
            await self._check(item, taking, owner)
            takings.append(replace(taking, state=TakingState.TAKEN))
        return Step(records=tuple(takings))

    async def _check(self, item: Item, taking: Taking, owner: Person) -> None:
        shop = await self._book.shop(item.shop)
        name = self.name(item, owner)
        is_open = shop is not None and shop.state is ShopState.OPEN
        if not is_open or item.state is ItemState.GONE or item.price.minor != taking.price:
            raise ItemChangedError(name=name)
        check_left(item, name, taking.pieces)

    async def follow(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """What the payment's new state means for its order; the shop is told of one that is paid."""
        sale = await self._book.sale(transfer.id)
        if sale is None or sale.state is not SaleState.PENDING:
            return Step(), ()
        if transfer.state in _ARRIVED:
            paid = moved(sale, SaleState.PROCESSING)
            return Step(records=(paid,)), (await self._for_shop(paid, transfer),)
        if transfer.state in _NEVER:
            back = [
                replace(taking, state=TakingState.BACK)
                for taking in await self._book.takings(sale.id)
                if taking.state is TakingState.TAKEN
            ]
            return Step(records=(moved(sale, SaleState.CANCELLED), *back)), ()
        return Step(), ()

    async def refunded(self, original: Transfer) -> Step:
        """What giving a payment back means for its order: given back whole, it is refunded.

        The stock stays as it is: what was handed out is not there again.
        """
        sale = await self._book.sale(original.id)
        if sale is None or original.refunded < original.amount.minor or sale.state is SaleState.REFUNDED:
            return Step()
        return Step(records=(moved(sale, SaleState.REFUNDED),))

    async def _for_shop(self, sale: Sale, transfer: Transfer) -> Say:
        owner = await self._book.person(transfer.payee)
        assert owner is not None  # introduced with the card
        return Say(
            id=f"{sale.id}/order",
            key="order.paid",
            language=owner.language or self._settings.language,
            person=transfer.payee_mxid,
            facts={
                "payment": sale.id,
                "buyer": transfer.payer_mxid,
                "lines": lines_of(self.paper(sale, owner)),
            },
        )

    def name(self, item: Item, owner: Person) -> str:
        """What the item is called; nothing, once its owner had themselves erased."""
        return "" if owner.is_erased else self._vault.open(owner.key, _named(owner), item.name).decode()

    def sealed_name(self, name: str, owner: Person) -> bytes:
        return self._vault.seal(owner.key, _named(owner), name.encode())

    def paper(self, sale: Sale, owner: Person) -> Paper:
        """What was ordered."""
        return paper_from_json(self._vault.open(owner.key, _ordered(owner), sale.paper).decode())

    def sealed_paper(self, paper: Paper, owner: Person) -> bytes:
        return self._vault.seal(owner.key, _ordered(owner), paper.to_json().encode())


def lines_of(paper: Paper) -> tuple[Facts, ...]:
    """The order's lines as facts."""
    return tuple(
        {"pieces": line.pieces, "words": line.words, "each": line.each, "sum": line.sum}
        for line in paper.bill.lines
    )


def _named(owner: Person) -> str:
    return f"item|{owner.id}|name"


def _ordered(owner: Person) -> str:
    return f"sale|{owner.id}|paper"
