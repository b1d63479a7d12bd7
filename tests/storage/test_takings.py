"""On each engine a shop's takings are what the ledger says, day by day, read from nobody else's rows."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from paybridge.domain import ledger
from paybridge.domain.history import Mark
from paybridge.domain.invoice import Invoice
from paybridge.domain.sale import Item, ItemState, Sale, SaleState, Taking
from paybridge.domain.shop import Shop, ShopState
from paybridge.domain.takings import Sort, by_day, edges, together
from paybridge.domain.ticket import Booking, Gig, GigState
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.services.ports import Book, Step
from paybridge.storage.book import SqlBook
from paybridge.storage.tables import metadata
from tests.fakes.database import START, ask_raw
from tests.fakes.records import a_request, a_topup, a_transfer, euros, people
from tests.storage.test_reads import ListeningReader, walked_through

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paybridge.storage.database import Database
    from tests.fakes.database import StoodClock

BEGINS = datetime(2026, 3, 26, 20, tzinfo=UTC)
"""In Europe clocks are put on in the night to 29 March, in Lord Howe put back by half an hour on 5 April."""
ZONES = ("Europe/Berlin", "UTC", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu")
STEPS = 150
DAYS = 14
FIRST = date(2026, 3, 25)


def shop_of(owner: str) -> Shop:
    return Shop(f"shop of {owner}", ShopState.OPEN, owner, f"@{owner}:test", b"sealed", START)


@dataclass
class Market:
    """Two shops whose owners also live their own lives; what was booked is written down beside the book."""

    book: Book
    clock: StoodClock
    chance: random.Random
    told: list[tuple[str, datetime, Sort | None, int]] = field(default_factory=list)
    sold: list[tuple[str, Transfer]] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)

    async def open(self) -> None:
        await self.book.commit(people("carol", "dora", "bob"))
        await self.book.commit(Step(records=(shop_of("carol"), shop_of("dora"))))
        items = [
            Item(
                f"{what} of {owner}",
                f"shop of {owner}",
                ItemState.OFFERED,
                b"x",
                euros(320),
                rate,
                None,
                START,
            )
            for owner in ("carol", "dora")
            for what, rate in (("latte", 700), ("cake", 1900))
        ]
        await self.book.commit(Step(records=tuple(items)))
        gigs = [
            Gig(
                f"gig of {who}",
                f"shop of {who}",
                GigState.OPEN,
                b"",
                euros(1500),
                500,
                None,
                None,
                None,
                START,
            )
            for who in ("carol", "dora")
        ]
        await self.book.commit(Step(records=tuple(gigs)))
        await self.book.commit(Step(journals=(a_topup("start", "bob", 10_000_00),)))

    async def live(self) -> None:
        self.clock.pass_by(timedelta(minutes=self.chance.randint(20, 140)))
        owner = self.chance.choice(("carol", "carol", "dora"))
        deeds = (self.sell, self.sell, self.sell, self.let_in, self.bill, self.pay, self.give_back, self.own)
        await self.chance.choice(deeds)(owner)

    async def sell(self, owner: str) -> None:
        card, minor = self.card(owner), self.chance.randint(1, 9) * 320
        sale = Sale(card.id, f"shop of {owner}", "bob", SaleState.PROCESSING, b"paper", card.created)
        what = self.chance.choice(("latte", "cake"))
        line = Taking(f"{card.id}/1", card.id, f"{what} of {owner}", minor // 320, 320)
        await self.booked(owner, Sort.ORDERS, minor, card, sale, line)
        self.sold.append((owner, card))

    async def let_in(self, owner: str) -> None:
        card = self.card(owner)
        await self.booked(
            owner, Sort.TICKETS, 1500, card, Booking(card.id, f"gig of {owner}", "bob", 1, 1500)
        )

    async def bill(self, owner: str) -> None:
        self.numbers[owner] += 1
        name = f"PB-I{owner[0]}{self.numbers[owner]}"
        asked = a_request(name, asker=owner, asked="bob")
        invoice = Invoice(
            name, f"shop of {owner}", 2026, self.numbers[owner], b"paper", tips=False, parts=True
        )
        await self.book.commit(Step(records=(asked, invoice)))
        card = replace(self.card(owner), request=name)
        await self.booked(owner, Sort.INVOICES, self.chance.randint(1, 5000), card)
        self.sold.append((owner, card))

    async def pay(self, owner: str) -> None:
        await self.booked(owner, Sort.OTHERS, self.chance.randint(1, 900), self.card(owner))

    async def give_back(self, owner: str) -> None:
        mine = [card for who, card in self.sold if who == owner]
        if not mine:
            return
        original = self.chance.choice(mine)
        refund = replace(
            self.card("bob", payer=owner), kind=TransferKind.REFUND, original=original.id, request=None
        )
        minor = self.chance.randint(1, 100)
        await self.booked(owner, Sort.REFUNDS, -minor, refund)
        if self.chance.random() < 0.2:
            # The customer did not claim it.
            self.clock.pass_by(timedelta(hours=9))
            await self.booked(owner, Sort.REFUNDS, minor, refund, again=True)
        elif self.chance.random() < 0.2:
            await self.booked(owner, Sort.TAKEN_BACK, -self.chance.randint(1, 50), original, again=True)

    async def own(self, owner: str) -> None:
        kind = self.chance.choice((TransferKind.CASHOUT, TransferKind.TOPUP, TransferKind.PAY))
        card = replace(self.card("bob" if kind is TransferKind.PAY else owner, payer=owner), kind=kind)
        minor = 700 if kind is TransferKind.TOPUP else -10
        await self.booked(owner, Sort.CASHOUTS if kind is TransferKind.CASHOUT else None, minor, card)

    def card(self, payee: str, payer: str = "bob") -> Transfer:
        self.numbers["card"] += 1
        name = f"PB-T{self.numbers['card']}"
        return a_transfer(
            name, payer=payer, payee=payee, state=TransferState.SETTLED, created=self.clock.at, cents=100_00
        )

    async def booked(
        self,
        owner: str,
        sort: Sort | None,
        minor: int,
        card: Transfer,
        *beside: Sale | Taking | Booking,
        again: bool = False,
    ) -> None:
        gives, takes = ledger.person("bob"), ledger.person(owner)
        if minor < 0:
            gives, takes = takes, gives
        key = f"{card.id}/{len(self.told)}"
        journal = ledger.move(key, "book", card.id, euros(abs(minor)), giver=gives, taker=takes)
        if sort is Sort.REFUNDS or minor < 0:
            more = a_topup(f"{key}/enough", owner, abs(minor))
            self.told.append((owner, self.clock.at, None, abs(minor)))
            await self.book.commit(Step(journals=(more,)))
        await self.book.commit(Step(records=() if again else (card, *beside), journals=(journal,)))
        self.told.append((owner, self.clock.at, sort, minor))

    def expected(self, owner: str, zone: str) -> dict[tuple[date, Sort], int]:
        found: Counter[tuple[date, Sort]] = Counter()
        for who, at, sort, minor in self.told:
            if who == owner and sort is not None:
                found[at.astimezone(ZoneInfo(zone)).date(), sort] += minor
        return {key: minor for key, minor in found.items() if minor}


@pytest.fixture
async def market(book: Book, clock: StoodClock) -> Market:
    clock.at = BEGINS
    market = Market(book, clock, random.Random(7))  # noqa: S311  the same market in every run
    await market.open()
    for _ in range(STEPS):
        await market.live()
    return market


async def test_takings_are_what_was_booked_day_by_day_in_any_zone(market: Market) -> None:
    assert {sort for _, _, sort, _ in market.told} == {*Sort, None} - {Sort.DUES}
    for zone in ZONES:
        for owner in ("carol", "dora"):
            begins = edges(FIRST, DAYS, zone)
            booked = await market.book.taken(shop_of(owner), "EUR", begins)
            days = by_day(booked, "EUR", FIRST, DAYS)
            told = {
                (day.day, part.sort): part.sum.minor for day in days for part in day.parts if part.sum.minor
            }

            assert told == market.expected(owner, zone), (zone, owner)
            assert together(booked, "EUR").left.minor == sum(day.left.minor for day in days)


async def test_taken_less_given_is_what_the_ledgers_entries_of_the_shop_come_to(
    market: Market, database: Database
) -> None:
    begins = edges(FIRST, DAYS, "UTC")
    booked = await market.book.taken(shop_of("carol"), "EUR", begins)
    bare = await ask_raw(
        database,
        """
        SELECT sum(entry.amount) FROM entry JOIN account ON account.id = entry.account
        JOIN journal ON journal.id = entry.journal JOIN transfer ON transfer.id = journal.transfer
        WHERE account.owner = 'carol' AND account.kind = 'person' AND EXISTS (
            SELECT 1 FROM transfer AS of_it WHERE of_it.id = coalesce(transfer.original, transfer.id)
            AND of_it.payee = 'carol'
            AND (of_it.id IN (SELECT id FROM sale) OR of_it.request IN (SELECT id FROM invoice)
                OR of_it.id IN (SELECT id FROM booking))
        )
        """,
    )

    assert together(booked, "EUR").left.minor == int(bare[0][0])


async def test_a_day_of_one_month_is_that_day_of_the_month_before_or_behind_it(market: Market) -> None:
    zone = "Europe/Berlin"
    month = by_day(
        await market.book.taken(shop_of("carol"), "EUR", edges(date(2026, 3, 1), 31, zone)),
        "EUR",
        date(2026, 3, 1),
        31,
    )
    for day in month:
        assert day.day is not None
        alone = await market.book.taken(shop_of("carol"), "EUR", edges(day.day, 1, zone))

        assert replace(together(alone, "EUR"), day=day.day) == day


async def test_what_is_booked_at_midnight_is_of_the_day_that_begins(book: Book, clock: StoodClock) -> None:
    market = Market(book, clock, random.Random(1))  # noqa: S311  how much is sold is left to it
    await market.open()
    clock.at = datetime(2026, 3, 28, 23, tzinfo=UTC)
    await market.sell("carol")
    days = (date(2026, 3, 28), date(2026, 3, 29))
    told = [
        together(await book.taken(shop_of("carol"), "EUR", edges(day, 1, "Europe/Berlin")), "EUR")
        for day in days
    ]

    assert [one.count(Sort.ORDERS) for one in told] == [0, 1]


async def test_pieces_that_were_sold_come_to_what_orders_brought(market: Market) -> None:
    for owner in ("carol", "dora"):
        begins = edges(FIRST, DAYS, "UTC")
        sold = await market.book.sold(shop_of(owner), "EUR", begins)
        booked = together(await market.book.taken(shop_of(owner), "EUR", begins), "EUR")
        papers = await market.book.paid_by_paper(shop_of(owner), "EUR", begins)

        assert sum(one.minor for one in sold) == booked.of(Sort.ORDERS).minor
        assert {one.item for one in sold} == {f"latte of {owner}", f"cake of {owner}"}
        assert sum(one.pieces for one in sold) * 320 == sum(one.minor for one in sold)
        rest = booked.of(Sort.INVOICES, Sort.REFUNDS, Sort.TAKEN_BACK)
        assert sum(one.minor for one in papers) == rest.minor


async def test_what_passes_the_balance_by_is_told_beside(book: Book, clock: StoodClock) -> None:
    market = Market(book, clock, random.Random(1))  # noqa: S311  nothing is left to it here
    await market.open()
    came = replace(market.card("carol"), destination="link")
    sale = Sale(came.id, "shop of carol", "bob", SaleState.PROCESSING, b"paper", came.created)
    line = Taking(f"{came.id}/1", came.id, "latte of carol", 3, 320)
    went = replace(
        market.card("bob", payer="carol"), kind=TransferKind.REFUND, original=came.id, source="link"
    )
    await book.commit(Step(records=(came, sale, line)))
    await book.commit(Step(records=(went,)))
    waits = replace(market.card("carol"), destination="link", state=TransferState.APPROVED)
    await book.commit(Step(records=(waits,)))
    begins = edges(START.date(), 1, "UTC")
    straight = await book.taken_straight(shop_of("carol"), begins)
    told = together(straight, "EUR")

    assert all(one.straight for one in straight)
    assert [(part.sort, part.sum) for part in told.parts] == [
        (Sort.ORDERS, euros(100_00)),
        (Sort.REFUNDS, euros(-100_00)),
    ]
    assert await book.taken(shop_of("carol"), "EUR", begins) == []
    assert [(one.item, one.pieces) for one in await book.sold(shop_of("carol"), "EUR", begins)] == [
        ("latte of carol", 3)
    ]
    assert [(one.paper, one.minor) for one in await book.paid_by_paper(shop_of("carol"), "EUR", begins)] == [
        (came.id, -100_00)
    ]


async def test_orders_come_in_pages_without_a_gap(market: Market) -> None:
    seen: list[str] = []
    after: Mark | None = None
    while page := await market.book.orders("shop of carol", 7, after):
        seen += [sale.id for sale in page]
        after = Mark(page[-1].created, page[-1].id)
    there = [card.id for who, card in market.sold if who == "carol" and card.request is None]

    assert seen == there[::-1]
    assert await market.book.count_to_do("shop of carol") == len(there)
    assert [sale.id for sale in await market.book.orders_to_do("shop of carol", 1000)] == there


# ---------------------------------------------------------------- what is read

Question: TypeAlias = "Callable[[Book], Awaitable[object]]"

QUESTIONS: tuple[Question, ...] = (
    lambda book: book.taken(shop_of("carol"), "EUR", edges(FIRST, DAYS, "UTC")),
    lambda book: book.taken_straight(shop_of("carol"), edges(FIRST, DAYS, "UTC")),
    lambda book: book.sold(shop_of("carol"), "EUR", edges(FIRST, DAYS, "UTC")),
    lambda book: book.paid_by_paper(shop_of("carol"), "EUR", edges(FIRST, DAYS, "UTC")),
    lambda book: book.orders("shop of carol", 20),
    lambda book: book.orders_to_do("shop of carol", 20),
    lambda book: book.count_to_do("shop of carol"),
    lambda book: book.shop_session("a" * 64),
    lambda book: book.shop_sessions("carol"),
)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_question_walks_through_a_whole_table(database: Database, question: Question) -> None:
    listening = ListeningReader(database.reader)
    await question(SqlBook(database.writer, listening))
    walked = [await walked_through(database, statement, facts) for statement, facts in listening.asked]

    assert walked
    assert set().union(*walked) & set(metadata.tables) == set()
