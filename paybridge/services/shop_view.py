"""What a shop's owner sees of it: takings by day, orders, refunds and cash-outs, from the books alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from paybridge.domain.history import Mark
from paybridge.domain.invoice import Bill, Line
from paybridge.domain.money import Money
from paybridge.domain.month import month_of
from paybridge.domain.takings import Takings, Whose, by_day, edges, together
from paybridge.domain.takings_report import MonthIn, Report, Sold, SoldPieces, by_rate
from paybridge.domain.windows import zone_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.invoice import Paper
    from paybridge.domain.month import Month
    from paybridge.domain.people import Person
    from paybridge.domain.sale import Sale
    from paybridge.domain.shop import Shop
    from paybridge.domain.takings import Booked
    from paybridge.domain.takings_report import AtRate, PaidByPaper
    from paybridge.services.invoices import Invoices
    from paybridge.services.limits import Limits
    from paybridge.services.ports import Book, Clock
    from paybridge.services.settings import Settings
    from paybridge.services.shop_door import Visitor
    from paybridge.services.shops import Shops
    from paybridge.services.stock import Stock

A_PAGE: Final = 20
"""Orders on one page."""


@dataclass(frozen=True, slots=True)
class OrderShown:
    """An order as its shop sees it: by whom, for how much, and what of."""

    sale: Sale
    buyer: str
    amount: Money
    paper: Paper


@dataclass(frozen=True, slots=True)
class OrdersShown:
    """Some orders, and where the next ones begin, if there are more."""

    orders: Sequence[OrderShown]
    more: Mark | None


@dataclass(frozen=True, slots=True)
class DayShown:
    """One day of a shop in each currency that it had to do with; `zone` is where its days begin."""

    day: date
    zone: str
    at: datetime
    takings: Sequence[Takings]
    to_do: int
    orders: OrdersShown


class ShopView:
    """Reads the books for a shop's pages; it changes nothing."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        settings: Settings,
        limits: Limits,
        shops: Shops,
        stock: Stock,
        invoices: Invoices,
    ) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._limits = limits
        self._shops = shops
        self._stock = stock
        self._invoices = invoices

    def name(self, visitor: Visitor) -> str:
        """What the shop is called."""
        return self._shops.details(visitor.shop, visitor.owner).name

    async def zone(self, person: str) -> str:
        """The IANA name of the zone in which the shop's days begin."""
        return self._limits.zone(await self._limits.standing(person), self._clock.now())

    async def today(self, visitor: Visitor, after: Mark | None = None) -> DayShown:
        """Today, with the orders to do that are behind the mark."""
        now, zone = self._clock.now(), await self.zone(visitor.owner.id)
        day = now.astimezone(zone_named(zone)).date()
        return DayShown(
            day=day,
            zone=zone,
            at=now,
            takings=await self.takings(visitor.shop, day, zone),
            to_do=await self._book.count_to_do(visitor.shop.id),
            orders=await self.to_do(visitor, after),
        )

    async def takings(self, shop: Shop, day: date, zone: str) -> Sequence[Takings]:
        """What the day brought, in each currency; one at least."""
        found = await self._booked(shop, edges(day, 1, zone))
        return [together(found[currency], currency) for currency in found]

    async def to_do(self, visitor: Visitor, after: Mark | None = None) -> OrdersShown:
        """The orders that wait for the shop, oldest first."""
        sales = await self._book.orders_to_do(visitor.shop.id, A_PAGE + 1, after)
        return await self._shown(sales, visitor.owner)

    async def orders(self, visitor: Visitor, after: Mark | None = None) -> OrdersShown:
        """All orders, newest first."""
        sales = await self._book.orders(visitor.shop.id, A_PAGE + 1, after)
        return await self._shown(sales, visitor.owner)

    async def month(self, visitor: Visitor, month: Month | None) -> Report:
        """A month, the current one if none is named, with everything that the books say of the shop."""
        now, zone = self._clock.now(), await self.zone(visitor.owner.id)
        today = now.astimezone(zone_named(zone)).date()
        chosen = month or month_of(today)
        first, behind = date(chosen.year, chosen.month, 1), chosen.moved(1)
        days = (date(behind.year, behind.month, 1) - first).days
        begins = edges(first, days, zone)
        found = await self._booked(visitor.shop, begins)
        currencies = [
            MonthIn(
                currency,
                together(booked, currency),
                by_day(booked, currency, first, days),
                *await self._told_apart(visitor, currency, begins),
            )
            for currency, booked in found.items()
        ]
        return Report(chosen, self.name(visitor), zone, now, today, currencies)

    # ------------------------------------------------------------ inside

    async def _told_apart(
        self, visitor: Visitor, currency: str, begins: Sequence[datetime]
    ) -> tuple[Sequence[Sold], Sequence[AtRate]]:
        """What was sold, most money first, and what came together by tax rate."""
        shop, owner = visitor.shop, visitor.owner
        sums: dict[str, SoldPieces] = {}
        for one in await self._book.sold(shop, currency, begins):
            had = sums.get(one.item, SoldPieces(one.item, 0, 0))
            sums[one.item] = SoldPieces(one.item, had.pieces + one.pieces, had.minor + one.minor)
        sold = [await self._sold(one, owner, currency) for one in sums.values()]
        papers = [
            (await self._given(one, currency) or await self._bill(one, owner), one.minor)
            for one in await self._book.paid_by_paper(shop, currency, begins)
        ]
        return (
            sorted(sold, key=lambda one: (-one.gross.minor, one.name)),
            by_rate(sold, papers, currency),
        )

    async def _sold(self, one: SoldPieces, owner: Person, currency: str) -> Sold:
        item = await self._book.item(one.item)
        assert item is not None  # a foreign key
        return Sold(self._stock.name(item, owner), one.pieces, Money(one.minor, currency), item.rate)

    async def _given(self, one: PaidByPaper, currency: str) -> Bill | None:
        """The lines that a refund gives back, where it says so; else it is of the whole paper."""
        named = await self._book.refund_lines(one.payment)
        takings = {taking.id: taking for taking in await self._book.takings(one.paper)} if named else {}
        lines = []
        for line in named:
            taking = takings[line.taking]
            item = await self._book.item(taking.item)
            assert item is not None  # a foreign key
            lines.append(Line("", line.pieces, Money(taking.price, currency), item.rate))
        return Bill(tuple(lines)) if lines else None

    async def _bill(self, one: PaidByPaper, owner: Person) -> Bill:
        if one.whose is Whose.ORDER:
            sale = await self._book.sale(one.paper)
            assert sale is not None  # it was found with the payment
            return self._stock.paper(sale, owner).bill
        invoice = await self._book.invoice(one.paper)
        assert invoice is not None  # it was found with the payment
        return self._invoices.paper(invoice, owner).bill

    async def _booked(self, shop: Shop, edges: Sequence[datetime]) -> dict[str, Sequence[Booked]]:
        """What was booked by currency; the usual one is there though nothing was."""
        straight = await self._book.taken_straight(shop, edges)
        held = await self._book.currencies(shop.owner)
        currencies = sorted({*held, *(one.currency for one in straight)})
        found: dict[str, Sequence[Booked]] = {}
        for currency in currencies:
            beside = [one for one in straight if one.currency == currency]
            found[currency] = [*await self._book.taken(shop, currency, edges), *beside]
        told = {currency: booked for currency, booked in found.items() if booked}
        return told or {self._settings.currency: ()}

    async def _shown(self, sales: Sequence[Sale], owner: Person) -> OrdersShown:
        shown = []
        for sale in sales[:A_PAGE]:
            transfer = await self._book.transfer(sale.id)
            assert transfer is not None  # a foreign key
            shown.append(
                OrderShown(sale, transfer.payer_mxid, transfer.amount, self._stock.paper(sale, owner))
            )
        last = sales[A_PAGE - 1] if len(sales) > A_PAGE else None
        return OrdersShown(shown, Mark(last.created, last.id) if last else None)
