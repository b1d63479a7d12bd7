"""A person's history: what is sought is found, page by page, and every search is answered by its index."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.history import EVERYTHING, Bookmark, Mark, Sort, Sought
from paybridge.domain.month import Month
from paybridge.domain.request import RequestState
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.services.ports import StaleError
from paybridge.storage.book import SqlBook
from paybridge.storage.history_questions import facts_of, shape_of, transfers_of
from paybridge.storage.sqlite.connection import connect_read_only
from paybridge.storage.tables import metadata
from tests.fakes.database import START, StoodClock, open_book
from tests.fakes.records import a_request, a_transfer, people
from tests.storage.test_reads import DIALECT, ListeningReader, names, walked_through, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Book
    from paybridge.storage.database import Database

MARCH, APRIL = Month(2026, 3), Month(2026, 4)
EVERY_SORT = [None, Sort.SENT, Sort.RECEIVED, Sort.REFUNDS, Sort.TOPUPS, Sort.CASHOUTS]
SEARCHES = [
    Sought(other, month, room, sort)
    for other, month, room, sort in product((None, "bob"), (None, MARCH), (None, "!room:test"), EVERY_SORT)
]


def settled(
    name: str,
    payer: str,
    payee: str,
    minutes: int = 0,
    *,
    kind: TransferKind = TransferKind.PAY,
    room: str = "!room:test",
    original: str | None = None,
) -> Transfer:
    at = START + timedelta(minutes=minutes)
    made = a_transfer(name, payer=payer, payee=payee, state=TransferState.SETTLED, created=at)
    return replace(made, kind=kind, room=room, original=original)


async def some_past(book: Book) -> None:
    """Anna's payments with Bob and Carl, in two rooms and two months, of every kind."""
    await book.commit(people("anna", "bob", "carl"))
    month = 31 * 24 * 60
    await write(
        book,
        settled("to-bob", "anna", "bob"),
        settled("by-bob", "bob", "anna", 1, room="!trip:test"),
        settled("to-carl", "anna", "carl", 2, room="!trip:test"),
        settled("others", "bob", "carl", 3),
        settled("topup", "anna", "anna", 4, kind=TransferKind.TOPUP),
        settled("cashout", "anna", "anna", 5, kind=TransferKind.CASHOUT),
        settled("late-to-bob", "anna", "bob", month),
    )
    await write(
        book,
        settled("refund", "bob", "anna", 6, kind=TransferKind.REFUND, original="to-bob"),
        settled("late-refund", "anna", "bob", month + 1, kind=TransferKind.REFUND, original="by-bob"),
    )


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (Sought(other="bob"), "late-refund late-to-bob refund by-bob to-bob"),
        (Sought(month=APRIL), "late-refund late-to-bob"),
        (Sought(room="!trip:test"), "to-carl by-bob"),
        (Sought(sort=Sort.SENT), "late-to-bob to-carl to-bob"),
        (Sought(sort=Sort.RECEIVED), "by-bob"),
        (Sought(sort=Sort.REFUNDS), "late-refund refund"),
        (Sought(sort=Sort.TOPUPS), "topup"),
        (Sought(sort=Sort.CASHOUTS), "cashout"),
        (Sought("bob", MARCH, "!trip:test", Sort.RECEIVED), "by-bob"),
        (Sought("carl", APRIL), ""),
        (Sought("nobody"), ""),
    ],
)
async def test_what_is_sought_is_found_newest_first(book: Book, sought: Sought, found: str) -> None:
    await some_past(book)

    assert names(await book.history("anna", 20, sought)) == found.split()


async def test_pages_neither_repeat_nor_skip_while_payments_come_in_and_times_are_the_same(
    book: Book,
) -> None:
    await book.commit(people("anna", "bob"))
    await write(book, *(settled(f"PB-{number}", "anna", "bob", number // 4) for number in range(9)))
    every = names(await book.history("anna", 20))

    read: list[str] = []
    after = None
    for number in range(5):
        page = await book.history("anna", 2, EVERYTHING, after)
        read += names(page)
        after = Mark(page[-1].created, page[-1].id)
        await write(book, settled(f"PB-new-{number}", "bob", "anna", 60))

    assert read == every
    assert len(set(read)) == 9
    assert await book.history("anna", 2, EVERYTHING, after) == []


async def test_a_month_is_that_of_the_zone(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    newyear = datetime.fromisoformat("2026-04-01T00:00:00+02:00")
    before = newyear - timedelta(microseconds=1)
    await write(
        book,
        replace(settled("april", "anna", "bob"), created=newyear),
        replace(settled("march", "anna", "bob"), created=before),
    )

    assert names(await book.history("anna", 9, Sought(month=MARCH, zone="Europe/Rome"))) == ["march"]
    assert names(await book.history("anna", 9, Sought(month=APRIL, zone="Europe/Rome"))) == ["april"]
    assert names(await book.history("anna", 9, Sought(month=MARCH))) == ["april", "march"]


async def test_requests_are_sought_too_those_made_and_those_sent(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    await write(
        book,
        replace(a_request("to-anna"), state=RequestState.PAID),
        replace(
            a_request("by-anna"),
            asker="anna",
            asked="bob",
            room="!trip:test",
            created=START + timedelta(minutes=1),
        ),
    )

    async def found(sought: Sought, after: Mark | None = None) -> list[str]:
        return [one.id for one in await book.history_of_requests("anna", 9, sought, after)]

    assert await found(EVERYTHING) == ["by-anna", "to-anna"]
    assert await found(EVERYTHING, Mark(START + timedelta(minutes=1), "by-anna")) == ["to-anna"]
    assert await found(Sought(room="!trip:test")) == ["by-anna"]
    assert await found(Sought(other="bob", month=MARCH)) == ["by-anna", "to-anna"]
    assert await found(Sought(month=APRIL)) == []


async def test_where_somebody_stopped_reading_is_kept_exactly_and_moved_on_once(book: Book) -> None:
    await book.commit(people("anna"))
    first = Bookmark("anna", Sought("bob", MARCH, "!r", Sort.SENT, "Europe/Rome"), Mark(START, "PB-1"))
    await write(book, first)
    second = Bookmark("anna", EVERYTHING, Mark(START + timedelta(microseconds=1), "PB-2"), version=1)
    kept = await book.bookmark("anna")
    await write(book, second)

    assert kept == replace(first, version=1)
    assert await book.bookmark("anna") == replace(second, version=2)
    assert await book.bookmark("bob") is None
    with pytest.raises(StaleError):
        await write(book, second)


async def test_namesakes_are_the_ids_that_begin_alike(book: Book) -> None:
    await book.commit(people("bob", "bobby", "bo"))
    await book.commit(people("anna"))

    assert await book.namesakes("bob", 9) == ["@bob:test"]
    assert await book.namesakes("b", 9) == []


@pytest.mark.parametrize(
    "ask",
    [
        *(partial(SqlBook.history, person="anna", limit=9, sought=sought) for sought in SEARCHES),
        *(
            partial(SqlBook.history_of_requests, person="anna", limit=9, sought=sought)
            for sought in SEARCHES
            if sought.sort is None
        ),
        partial(SqlBook.bookmark, person="anna"),
        partial(SqlBook.currencies, person="anna"),
        partial(SqlBook.bookings, person="anna", currency="EUR", before=9, limit=9),
        partial(SqlBook.namesakes, localpart="bob", limit=9),
    ],
)
async def test_every_search_is_one_statement_answered_by_an_index(
    database: Database, ask: Callable[[SqlBook], Awaitable[object]]
) -> None:
    listening = ListeningReader(database.reader)
    await ask(SqlBook(database.writer, listening))

    ((statement, facts),) = listening.asked
    assert await walked_through(database, statement, facts) & set(metadata.tables) == set()


@pytest.mark.parametrize(
    ("sought", "indexes"),
    [
        (EVERYTHING, {"transfer_of_payer", "transfer_of_payee"}),
        (Sought("bob"), {"transfer_between"}),
        (Sought(room="!room:test"), {"transfer_of_payer_in_room", "transfer_of_payee_in_room"}),
        (Sought(sort=Sort.TOPUPS), {"transfer_of_payer_by_kind"}),
        (Sought(sort=Sort.REFUNDS), {"transfer_of_payer_by_kind", "transfer_of_payee_by_kind"}),
    ],
)
async def test_sqlite_walks_along_an_index_of_the_search_alone(
    sought: Sought, indexes: set[str], tmp_path: Path, clock: StoodClock
) -> None:
    _, _, _, opened = await open_book(tmp_path, clock)
    facts = facts_of("anna", sought, None, 9)
    made = transfers_of(shape_of(sought)).params(facts).compile(dialect=DIALECT)
    with closing(connect_read_only(tmp_path / "paybridge.db")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {made}", made.params).fetchall()
    await opened.close()

    assert {told.split("INDEX ")[1].split()[0] for *_, told in plan if "INDEX " in told} == indexes
