"""A full or locked disk fails the callers closed, and passes; a killed process keeps all it acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.money import Money
from paybridge.services.ports import BookUnavailableError, OverdraftError, StaleError, Step
from paybridge.storage.audit import audit
from paybridge.storage.moments import microseconds
from paybridge.storage.sqlite.connection import connect
from paybridge.storage.sqlite.core import apply_all
from paybridge.storage.sqlite.writer import SqliteWriter
from paybridge.storage.works import Failed, WriteStep
from tests.fakes.database import START, StoodClock, open_book
from tests.fakes.records import a_booking, a_topup, euros, people

if TYPE_CHECKING:
    from paybridge.services.ports import Book
    from paybridge.storage.database import Database

ENGINES = ("sqlite",)
REPOSITORY = Path(__file__).parents[2]


def connect_impatiently(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    connection.execute("PRAGMA busy_timeout = 1")
    return connection


async def test_a_locked_database_fails_its_callers_and_recovers(
    database: Database, clock: StoodClock
) -> None:
    writer = SqliteWriter(partial(connect_impatiently, database.path), clock)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    work = WriteStep(people("anna"))

    with pytest.raises(BookUnavailableError, match="locked"):
        await writer.run(work)
    other.execute("ROLLBACK")
    other.close()
    await writer.run(work)

    assert await database.book.person("anna") is not None
    await writer.close()


async def test_a_full_disk_fails_everyone_in_the_commit_and_recovers(
    database: Database, clock: StoodClock
) -> None:
    full = True

    def connect_to_a_small_disk() -> sqlite3.Connection:
        connection = connect(database.path)
        if full:
            connection.execute(
                f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}"
            )
        return connection

    writer = SqliteWriter(connect_to_a_small_disk, clock)
    big = Step(records=tuple(people(*(f"person {number} {'x' * 500}" for number in range(100))).records))

    outcomes = await asyncio.gather(
        writer.run(WriteStep(people("anna"))),
        writer.run(WriteStep(big)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [BookUnavailableError] * 2
    assert "full" in str(outcomes[0])
    assert await database.book.person("anna") is None

    full = False
    await writer.run(WriteStep(people("anna")))
    assert await database.book.person("anna") is not None
    await writer.close()


async def test_a_database_that_cannot_be_opened_is_tried_afresh(
    database: Database, clock: StoodClock
) -> None:
    path = database.path.with_name("not yet") / "paybridge.db"
    writer = SqliteWriter(partial(connect, path), clock)
    with pytest.raises(BookUnavailableError):
        await writer.run(WriteStep(people("anna")))

    path.parent.symlink_to(database.path.parent, target_is_directory=True)
    await writer.run(WriteStep(people("anna")))
    assert await database.book.person("anna") is not None
    await writer.close()


async def test_a_caller_that_gives_up_takes_nobody_along(book: Book) -> None:
    impatient = asyncio.ensure_future(book.commit(people("anna")))
    patient = asyncio.ensure_future(book.commit(people("bob")))
    impatient.cancel()
    await patient

    assert await book.person("bob") is not None


def test_the_core_of_the_writer_runs_inline(database: Database) -> None:
    connection = connect(database.path)
    now = microseconds(START)
    topup, overdraft = a_topup("t/1", "anna", 100), a_booking("b/1", "anna", "bob", 101)

    steps = [
        Step(journals=(topup,)),
        Step(journals=(overdraft,)),
        people("anna"),
        people("anna"),
        people("bob"),
    ]
    outcomes = apply_all(connection, [WriteStep(step) for step in steps], now)
    refused = [type(outcome.error) if isinstance(outcome, Failed) else outcome for outcome in outcomes]
    alone = apply_all(connection, [WriteStep(people("bob"))], now)
    connection.close()

    assert refused == [None, OverdraftError, None, StaleError, None]
    assert isinstance(alone[0], Failed)
    assert isinstance(alone[0].error, StaleError)


@pytest.mark.parametrize("after", [1, 7, 40])
async def test_a_killed_process_keeps_every_step_it_acknowledged_and_no_half_one(
    tmp_path: Path, after: int
) -> None:
    _, _, _, database = await open_book(tmp_path)
    await database.close()
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - killed below, whatever happens
        [sys.executable, str(REPOSITORY / "tests/storage/endless_payer.py"), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = [line.decode().strip() for line in told if line.endswith(b"\n")]

    book, mailbox, _, database = await open_book(tmp_path)
    report = await asyncio.to_thread(audit, database.url)
    assert len(acknowledged) >= after
    assert report.problems == ()
    for name in acknowledged:
        assert await mailbox.is_done(f"${name}")
        assert await book.person(name) is not None
    connection = sqlite3.connect(database.path)
    (people_there,) = connection.execute("SELECT count(*) FROM person").fetchone()
    (letters,) = connection.execute("SELECT count(*) FROM letter").fetchone()
    (posts,) = connection.execute("SELECT count(*) FROM post").fetchone()
    connection.close()
    assert people_there == letters == posts == report.journals
    assert await book.balance("payee", "EUR") == euros(report.journals)
    assert report.totals["person", "EUR"] == Money(report.journals, "EUR").minor
    await database.close()
