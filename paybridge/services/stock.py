"""What a payment's fate means for the order that it is for: pieces leave the stock, and come back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.invoice import paper_from_json, rate_text
from paybridge.domain.money import Money
from paybridge.domain.order_refund import given_back, taxes_back
from paybridge.domain.sale import (
    Item,
    ItemGoneError,
    ItemRepricedError,
    ItemState,
    SaleState,
    Taking,
    TakingState,
    as_named,
    check_left,
    moved,
)
from paybridge.domain.shop import ShopState
from paybridge.domain.shop_staff import ActOfShop, Right, ShopAct, done
from paybridge.domain.transfer import TransferState
from paybridge.domain.windows import zone_named
from paybridge.services.ports import Step
from paybridge.services.says import Say
from paybridge.services.staffing import check_right

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.invoice import Paper
    from paybridge.domain.people import Person
    from paybridge.domain.sale import Sale
    from paybridge.domain.shop import Shop
    from paybridge.domain.transfer import Transfer
    from paybridge.services.limits import Limits
    from paybridge.services.ports import Book, Clock, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.shops import Shops

_ARRIVED = frozenset({TransferState.SETTLED, TransferState.CLAIMABLE})
_NEVER = frozenset({TransferState.REFUSED, TransferState.CANCELLED, TransferState.EXPIRED})


class Stock:
    """Moves orders and their pieces in the steps that move their payments."""

    def __init__(
        self, book: Book, vault: Vault, clock: Clock, settings: Settings, limits: Limits, shops: Shops
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._limits = limits
        self._shops = shops

    async def taken(self, card: Transfer) -> Step:
        """What the approval takes out of the stock; nothing if it pays for no order.

        Raises ItemRepricedError for another price than the card's, ItemGoneError, SoldOutError and
        ShopClosedNowError. Of
        approvals that want the last piece at once, the database lets one be written; the others' steps are
        stale.
        """
        sale = await self._book.sale(card.id)
        if sale is None:
            return Step()
        owner = await self._owner(card)
        shop = await self._book.shop(sale.shop)
        assert shop is not None  # a foreign key
        takings = []
        for taking in await self._book.takings(sale.id):
            item = await self._book.item(taking.item)
            assert item is not None  # a foreign key
            self._check(shop, item, taking, owner)
            takings.append(replace(taking, state=TakingState.TAKEN))
        self._shops.check_open(shop, owner, await self.zone(owner.id))
        return Step(records=tuple(takings))

    async def zone(self, owner: str) -> str:
        """The IANA name of the zone in which the shop of this person is."""
        return self._limits.zone(await self._limits.standing(owner), self._clock.now())

    def _check(self, shop: Shop, item: Item, taking: Taking, owner: Person) -> None:
        name = self.name(item, owner)
        if shop.state is not ShopState.OPEN or item.state is ItemState.GONE:
            raise ItemGoneError(name=name)
        if item.price.minor != taking.price:
            before = Money(taking.price, item.price.currency)
            raise ItemRepricedError(name=name, price=item.price, before=before)
        check_left(item, name, taking.pieces)

    async def follow(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """What the payment's new state means for its order; the shop is told of one that is paid."""
        sale = await self._book.sale(transfer.id)
        if sale is None or sale.state is not SaleState.PENDING:
            return Step(), ()
        if transfer.state in _ARRIVED:
            return await self._paid(sale, transfer)
        if transfer.state in _NEVER:
            back = [
                replace(taking, state=TakingState.BACK)
                for taking in await self._book.takings(sale.id)
                if taking.state is TakingState.TAKEN
            ]
            return Step(records=(moved(sale, SaleState.CANCELLED), *back)), ()
        return Step(), ()

    async def _paid(self, sale: Sale, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """Shop and buyer are told; in the same step the database gives the order its number in the year."""
        owner = await self._owner(transfer)
        now = self._clock.now()
        year = now.astimezone(zone_named(await self.zone(owner.id))).year
        paid = replace(moved(sale, SaleState.PROCESSING), paid=now, year=year)
        for_shop = Say(
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
        staff = await self._for_staff(sale.shop, for_shop)
        return Step(records=(paid,)), (for_shop, *staff, await self.to_buyer(paid, transfer, owner))

    async def _for_staff(self, shop: str, told: Say) -> Sequence[Say]:
        """The same to everybody who serves there."""
        says = []
        for one in await self._book.staff_of(shop):
            person = await self._book.person(one.person)
            mxid = next(iter(await self._book.mxids_of(one.person)), None)
            if Right.SERVE in one.rights and person is not None and mxid is not None:
                language = person.language or self._settings.language
                says.append(replace(told, id=f"{told.id}/{person.id}", language=language, person=mxid))
        return says

    async def refunded(self, original: Transfer, refund: str) -> tuple[Step, tuple[Say, ...]]:
        """What the approved `refund` (its id) means for the order that `original` paid for.

        Whatever pieces it names are counted, put back if it says so, and told to the buyer. Given back whole,
        the order is over. Raises MoreThanOrderedError (of two refunds of one piece the second finds none) and
        RightMissingError, if whoever asked for it may do so no more.
        """
        sale = await self._book.sale(original.id)
        if sale is None:
            return Step(), ()
        owner = await self._owner(original)
        asked = await self._book.sale_refund(refund)
        act: tuple[ShopAct, ...] = ()
        if asked is not None:
            shop = await self._book.shop(sale.shop)
            assert shop is not None  # a foreign key
            await check_right(self._book, shop, asked.actor, Right.REFUND)
            act = (done(shop.id, self._clock.now(), asked.actor, ActOfShop.GAVE_BACK, sale.id, refund),)
        takings = {taking.id: taking for taking in await self._book.takings(sale.id)}
        before = {name: taking.refunded for name, taking in takings.items()}
        changed: list[Taking] = []
        for line in () if asked is None else await self._book.refund_lines(refund):
            assert asked is not None  # its lines name it
            name = await self.name_of(takings[line.taking], owner)
            changed.append(given_back(takings[line.taking], line, name, restocks=asked.restocks))
        over = original.refunded == original.amount.minor and sale.state is not SaleState.REFUNDED
        to = SaleState.CANCELLED if asked is not None and asked.cancels else SaleState.REFUNDED
        after = moved(sale, to) if over else sale
        says: tuple[Say, ...] = ()
        if asked is not None:
            lines = await self._lines_back(sale, owner, changed, before)
            what = to.value if over else "part"
            says = (await self.to_buyer(after, original, owner, f"{what}/{refund}", lines),)
        return Step(records=(*changed, *((after,) if over else ()), *act)), says

    async def _lines_back(
        self, sale: Sale, owner: Person, changed: Sequence[Taking], before: Mapping[str, int]
    ) -> Facts:
        """What is given back, line by line, with the tax in it."""
        bill = self.paper(sale, owner).bill
        places = {as_named(line.words): at for at, line in enumerate(bill.lines)}
        rows: list[Facts] = []
        earlier, now = {}, {}
        for taking in await self._book.takings(sale.id):
            at = places[as_named(await self.name_of(taking, owner))]
            earlier[at] = before[taking.id]
            after = next((one for one in changed if one.id == taking.id), None)
            if after is not None:
                now[at] = after.refunded - taking.refunded
                line = replace(bill.lines[at], pieces=now[at])
                rows.append({"pieces": line.pieces, "words": line.words, "sum": line.sum})
        taxes = taxes_back(bill, earlier, now)
        return {
            "lines": tuple(rows),
            "taxes": tuple(
                {"rate": rate_text(one.rate), "tax": one.tax, "net": one.net} for one in taxes if one.rate
            ),
        }

    async def _owner(self, transfer: Transfer) -> Person:
        owner = await self._book.person(transfer.payee)
        assert owner is not None  # introduced with the card
        return owner

    async def name_of(self, taking: Taking, owner: Person) -> str:
        """What the item of an order's line is called."""
        item = await self._book.item(taking.item)
        assert item is not None  # a foreign key
        return self.name(item, owner)

    async def to_buyer(
        self, sale: Sale, transfer: Transfer, owner: Person, what: str = "", more: Facts | None = None
    ) -> Say:
        """Where the order is now, in its buyer's direct message; said once for each `what`."""
        buyer = await self._book.person(sale.buyer)
        told = what or sale.state.value
        paper = self.paper(sale, owner)
        facts: Facts = {
            "payment": sale.id,
            "shop": paper.seller.name,
            "lines": lines_of(paper),
            "back": Money(transfer.refunded, transfer.amount.currency),
        }
        return Say(
            id=f"{sale.id}/{told}",
            key=f"order.{told.partition('/')[0]}",
            language=(buyer.language if buyer else None) or self._settings.language,
            person=transfer.payer_mxid,
            facts={**facts, **(more or {})},
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
