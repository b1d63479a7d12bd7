"""Durable steps per second: the writer with all its guards, against the bare driver doing one at a time."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench._result import Result
from paybridge.domain import ledger
from paybridge.domain.money import Money
from paybridge.domain.people import Person
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.services.ports import Post, Step
from paybridge.storage import open_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paybridge.services.ports import Book

# Callers at once, steps to take, and the part of the bare driver's rate that must be reached.
LEVELS: Final = ((1, 1500, 0.5), (8, 4000, 0.0), (64, 12000, 1.5))
RAW_STEPS: Final = 1500
ROUNDS: Final = 2
PEOPLE: Final = 500
SLOWEST_MS: Final = 50.0
START: Final = datetime(2026, 1, 1, tzinfo=UTC)

_RAW_TABLES: Final = """
    CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
    CREATE TABLE transfer (id TEXT PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL);
    CREATE TABLE journal (id INTEGER PRIMARY KEY, idem TEXT NOT NULL UNIQUE);
    CREATE TABLE entry (
        journal INTEGER, line INTEGER, account INTEGER, amount INTEGER, PRIMARY KEY (journal, line)
    );
    CREATE TABLE post (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, payload BLOB NOT NULL);
"""


class _RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def run() -> list[Result]:
    """Rates at 1, 8 and 64 callers over the bare driver's, and the slowest answers at 64."""
    with tempfile.TemporaryDirectory(prefix="paybridge-bench-") as folder:
        raw: list[float] = []
        rates: dict[int, list[float]] = {callers: [] for callers, _, _ in LEVELS}
        waits: list[float] = []
        # Turn by turn, so that a disk that slows down slows both.
        for turn in range(ROUNDS):
            raw.append(await asyncio.to_thread(_raw_rate, Path(folder) / f"raw-{turn}.db"))
            for callers, steps, _ in LEVELS:
                rate, slowest = await _rate(Path(folder) / f"{callers}-{turn}.db", callers, steps)
                rates[callers].append(rate)
                if callers == LEVELS[-1][0]:
                    waits.append(slowest)
    floor = max(raw)
    results = [
        Result(f"ledger: durable steps/s, {callers} callers / raw SQLite", max(rates[callers]), floor, goal)
        for callers, _, goal in LEVELS
    ]
    answers = Result("ledger: p99 of a step at 64 callers, ms", min(waits), SLOWEST_MS, 1.0, "at_most")
    return [*results, answers]


# ---------------------------------------------------------------- the floor


def _raw_rate(path: Path) -> float:
    """Conditional update, journal of two lines with balances, outbox row: a COMMIT for each, no guards."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + _RAW_TABLES)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO account VALUES (?, 1000000)", [(n,) for n in range(PEOPLE)])
    connection.executemany(
        "INSERT INTO transfer VALUES (?, 'approved', 1)", [(f"PB-{n}",) for n in range(RAW_STEPS)]
    )
    connection.execute("COMMIT")
    begun = time.perf_counter()
    for number in range(RAW_STEPS):
        payer, payee = _pair(number)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "UPDATE transfer SET state = 'settled', version = 2 WHERE id = ? AND version = 1",
            (f"PB-{number}",),
        )
        connection.execute("INSERT INTO journal VALUES (?, ?)", (number, f"leg-{number}/book"))
        for line, (account, amount) in enumerate(((payer, -1), (payee, 1))):
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (number, line, account, amount))
            connection.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, account))
        connection.execute("INSERT INTO post VALUES (NULL, ?, ?)", (f"post-{number}", bytes(200)))
        connection.execute("COMMIT")
    spent = time.perf_counter() - begun
    connection.close()
    return RAW_STEPS / spent


# ---------------------------------------------------------------- the book


async def _rate(path: Path, callers: int, steps: int) -> tuple[float, float]:
    """Steps per second, and the wait in milliseconds that 99 of 100 do not exceed."""
    database = await open_database(f"sqlite+aiosqlite:///{path}", _RealClock())
    await _fill(database.book, steps)
    waits: list[float] = []
    work = iter([_step(number) for number in range(steps)])
    begun = time.perf_counter()
    await asyncio.gather(*(_caller(database.book, work, waits) for _ in range(callers)))
    spent = time.perf_counter() - begun
    await database.close()
    return steps / spent, sorted(waits)[len(waits) * 99 // 100] * 1000


async def _caller(book: Book, work: Iterator[Step], waits: list[float]) -> None:
    for step in work:
        begun = time.perf_counter()
        await book.commit(step)
        waits.append(time.perf_counter() - begun)


def _step(number: int) -> Step:
    payer, payee = _pair(number)
    settled = replace(_transfer(number), state=TransferState.SETTLED, version=1)
    journal = ledger.move(
        f"leg-{number}/book",
        "book",
        settled.id,
        Money(1, "EUR"),
        giver=ledger.person(f"person-{payer}"),
        taker=ledger.person(f"person-{payee}"),
    )
    post = Post(f"post-{number}", "!room:bench", None, None, bytes(200), START)
    return Step(records=(settled,), journals=(journal,), posts=(post,))


async def _fill(book: Book, transfers: int) -> None:
    people = [Person(f"person-{number}", b"key", START) for number in range(PEOPLE)]
    money = tuple(
        ledger.move(
            f"topup-{person.id}",
            "topup",
            "PB-TOPUP",
            Money(1_000_000, "EUR"),
            giver=ledger.clearing("bank"),
            taker=ledger.person(person.id),
        )
        for person in people
    )
    await book.commit(Step(records=tuple(people), journals=money))
    for some in _portions(range(transfers), 500):
        await book.commit(Step(records=tuple(_transfer(number) for number in some)))


def _transfer(number: int) -> Transfer:
    payer, payee = _pair(number)
    return Transfer(
        id=f"PB-{number}",
        kind=TransferKind.PAY,
        state=TransferState.APPROVED,
        payer=f"person-{payer}",
        payer_mxid=f"@person-{payer}:bench",
        payee=f"person-{payee}",
        payee_mxid=f"@person-{payee}:bench",
        amount=Money(1, "EUR"),
        fee=Money(0, "EUR"),
        room="!room:bench",
        created=START + timedelta(seconds=number),
        expires=START + timedelta(days=1),
        nonce="nonce",
    )


def _pair(number: int) -> tuple[int, int]:
    """Two different people, spread over all of them."""
    payer = number * 7919 % PEOPLE
    return payer, (payer + 1 + number % (PEOPLE - 1)) % PEOPLE


def _portions(numbers: range, most: int) -> Iterable[range]:
    return (numbers[at : at + most] for at in range(0, len(numbers), most))
