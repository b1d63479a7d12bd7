"""The same books are audited and exported alike from either engine, and a row changed behind it is named."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain import leg as legs
from paybridge.domain.leg import LegEffect, LegHappening, LegKind, LegState
from paybridge.domain.transfer import TransferState
from paybridge.services import checks_kept
from paybridge.services.checks_kept import Kept
from paybridge.services.ledger_head import Head
from paybridge.services.ports import Step
from paybridge.services.statement_check import Booked
from paybridge.storage.audit import AuditReport, audit
from paybridge.storage.errors import DatabaseError
from paybridge.storage.export import FORMATS, Period, export
from paybridge.storage.export.books import EVER
from paybridge.storage.rail_legs import RailLegs, rail_books
from tests.fakes import postgres
from tests.fakes.database import START, name_of, open_book
from tests.fakes.records import a_leg, a_topup, a_transfer, people

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.ports import Book
    from paybridge.storage.database import Database


async def fill(book: Book) -> None:
    """A payment settled, one claimable, a payout that holds money."""
    approved = TransferState.APPROVED
    pay = replace(a_leg("pay", "PB-1", cents=100), state=LegState.READY)
    claim = replace(a_leg("claim", "PB-2", cents=200), to_claim=True)
    out = a_leg("out", "PB-3", kind=LegKind.PAYOUT, cents=300, highest_fee=20)
    sums = {1: 100, 2: 200, 3: 300}
    made = [a_transfer(f"PB-{n}", state=approved, cents=cents) for n, cents in sums.items()]
    await book.commit(
        people("anna", "bob")
        + Step(records=(*made, pay, claim, out), journals=(a_topup("t/1", "anna", 1000),))
    )
    for leg, happening, effect in (
        (pay, LegHappening.BOOK, LegEffect.PAY),
        (claim, LegHappening.BOOK, LegEffect.PAY),
        (out, LegHappening.RESERVE, LegEffect.HOLD),
    ):
        after, _ = legs.advance(replace(leg, version=1), happening)
        await book.commit(Step(records=(after,), journals=legs.journals(after, effect, held_before=False)))
    for transfer, state in zip(made, (TransferState.SETTLED, TransferState.CLAIMABLE), strict=False):
        await book.commit(Step(records=(replace(transfer, state=state, version=1),)))


@pytest.fixture
async def books(database: Database) -> Database:
    await fill(database.book)
    return database


async def audited(database: Database) -> AuditReport:
    return await asyncio.to_thread(audit, database.url)


async def exported(url: str, form: str, period: Period) -> list[str]:
    return await asyncio.to_thread(lambda: list(export(url, form, period)))


async def change(database: Database, statement: str) -> None:
    """Behind the guards' back, as whoever has the disk or the server could."""
    if database.url.startswith("sqlite"):
        connection = sqlite3.connect(database.path)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount == 1
        connection.commit()
        connection.close()
        return
    server = await postgres.connect(name_of(database))
    await server.execute("SET session_replication_role = replica")
    assert (await server.execute(statement)).endswith(" 1")
    await server.close()


async def test_sound_books_are_sound_on_either_engine(books: Database) -> None:
    report = await audited(books)

    assert report.problems == ()
    assert (report.journals, report.entries, report.accounts) == (4, 8, 5)
    assert report.totals["held", "EUR"] == 320
    assert report.clearing == {("bank", "EUR"): -1000}


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE account SET balance = balance + 1 WHERE kind = 'claimable'", "account "),
        (
            "UPDATE entry SET amount = amount + 1 WHERE journal = 2 AND line = 1",
            "journal 2: does not",
        ),
        ("UPDATE journal SET kind = 'gift' WHERE id = 3", "journal 3: its hash is not that of what it says"),
        ("DELETE FROM journal WHERE id = 2", "entry 2/1: belongs to no journal"),
        (
            "UPDATE transfer SET state = 'refused' WHERE id = 'PB-3'",
            "leg out: is reserved while",
        ),
        ("UPDATE leg SET state = 'settled' WHERE id = 'out'", "leg out: its journal payout should move 320"),
        ("UPDATE transfer SET state = 'claimed' WHERE id = 'PB-2'", "account claimable of bob"),
    ],
)
async def test_a_row_that_was_changed_by_hand_is_named(books: Database, statement: str, named: str) -> None:
    await change(books, statement)

    problems = (await audited(books)).problems

    assert [problem for problem in problems if problem.startswith(named)], problems


async def test_what_went_through_rails_is_read_from_either_engine(books: Database) -> None:
    out = await books.book.leg_by_reference("out")
    assert out is not None
    told = await asyncio.to_thread(rail_books, books.url)
    beside = RailLegs(books.url)
    last = await beside.head()

    assert (told.legs, told.clearing) == ([out], {("bank", "EUR"): -1000})
    assert list(await beside.since("bank", START)) == [Booked(out, START)]
    assert list(await beside.since("bank", None)) == [Booked(out, START)]
    assert list(await beside.since("bank", START + timedelta(seconds=1))) == []
    assert list(await beside.since("other", None)) == []
    assert list(await beside.named(["out", "pay", "nobody's"])) == [Booked(out, START)], (
        "a booking is no order"
    )
    assert last == Head(4, (await audited(books)).head)
    assert await beside.kept("bank") is None
    await checks_kept.remember(books.mailbox, "bank", Kept(START))
    assert await beside.kept("bank") == Kept(START)


@pytest.mark.parametrize("form", FORMATS)
async def test_both_engines_export_the_same_books(books: Database, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "other"
    await asyncio.to_thread(folder.mkdir)
    book, _, _, other = await open_book(folder)
    await fill(book)
    await other.close()
    march = Period(date(2026, 3, 1), date(2026, 3, 2))
    april = Period(date(2026, 4, 1), None)

    for period in (EVER, march, april):
        assert await exported(books.url, form, period) == await exported(other.url, form, period)
    assert len(await exported(books.url, form, march)) > 1
    assert await exported(books.url, form, march) != await exported(books.url, form, april)


async def test_a_server_that_is_not_there_is_one_line() -> None:
    url = "postgresql+asyncpg://nobody:hush@127.0.0.1:9/none"
    with pytest.raises(DatabaseError) as refused:
        await asyncio.to_thread(audit, url)

    assert "hush" not in str(refused.value)
    assert "\n" not in str(refused.value)
