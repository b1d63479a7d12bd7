"""What another shop has sold costs nobody anything: a shop's pages read no row of its 10,000 orders."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from paybridge.storage.sqlite.reader import SqliteReader
from tests.fakes.database import ask_raw
from tests.storage.test_takings import BEGINS, QUESTIONS, Market

if TYPE_CHECKING:
    from paybridge.services.ports import Book
    from paybridge.storage.database import Database
    from tests.fakes.database import StoodClock

ENGINES = ("sqlite",)
"""It counts what its virtual machine does; the plans are compared on both engines."""
MANY = 10_000
EACH = 100
"""So many steps of the machine are counted as one; a row takes ten at least."""
STEPS = 40
NUMBERS = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MANY})"  # noqa: S608  our own words


def like_one(table: str, changed: dict[str, str], where: str, columns: list[str]) -> str:
    """Rows like one that is there, but for what changes from one to the next."""
    chosen = ", ".join(changed.get(column, column) for column in columns)
    one = f"(SELECT * FROM {table} WHERE {where} LIMIT 1)"  # noqa: S608  our own tables
    return f"INSERT INTO {table} {NUMBERS} SELECT {chosen} FROM n, {one}"  # noqa: S608  our own tables


async def crowd(database: Database) -> None:
    """Dora sells 10,000 times more; written past every trigger, as nothing of the bot can."""
    ((sale, account, last, journal),) = await ask_raw(
        database,
        """
        SELECT sale.id, account.id, (SELECT max(version) FROM entry WHERE entry.account = account.id),
        (SELECT max(id) FROM journal)
        FROM sale, account WHERE sale.shop = 'shop of dora' AND account.owner = 'dora' LIMIT 1
        """,
    )
    name = "'PB-M' || n"
    kinds = {
        "transfer": ({"id": name}, f"id = '{sale}'"),
        "sale": ({"id": name}, f"id = '{sale}'"),
        "taking": ({"id": name, "sale": name}, f"sale = '{sale}'"),
        "journal": (
            {"id": f"{journal} + n", "idem": f"{name} || '/1'", "transfer": name, "hash": "randomblob(32)"},
            f"transfer = '{sale}'",
        ),
        "entry": (
            {"journal": f"{journal} + n", "version": f"{last} + n"},
            f"account = {account} AND version = {last}",
        ),
    }
    with closing(sqlite3.connect(database.path, isolation_level=None)) as opened:
        opened.execute("BEGIN")
        for (trigger,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            opened.execute(f"DROP TRIGGER {trigger}")
        for table, (changed, where) in kinds.items():
            columns = [row[1] for row in opened.execute(f"PRAGMA table_info({table})")]
            opened.execute(like_one(table, changed, where, columns))
        opened.execute("COMMIT")


async def effort(database: Database, book: Book) -> list[int]:
    """How many steps of its virtual machine the engine takes for each question, in units of `EACH`."""
    assert isinstance(database.reader, SqliteReader)
    counted: list[int] = []

    def count() -> int:
        counted[-1] += 1
        return 0

    for question in QUESTIONS:
        counted.append(0)
        database.reader.connection.set_progress_handler(count, EACH)
        await question(book)
    database.reader.connection.set_progress_handler(None, 0)
    return counted


async def test_ten_thousand_orders_of_another_shop_are_not_read(
    database: Database, book: Book, clock: StoodClock
) -> None:
    clock.at = BEGINS
    market = Market(book, clock, random.Random(7))  # noqa: S311  the same market in every run
    await market.open()
    for _ in range(STEPS):
        await market.live()
    asked = [await question(book) for question in QUESTIONS]
    before = await effort(database, book)
    await crowd(database)
    # The first question of all also reads the schema again, which has changed.
    theirs = await book.count_to_do("shop of dora")
    told = [await question(book) for question in QUESTIONS]
    after = await effort(database, book)

    assert theirs > MANY
    assert told == asked
    assert sum(before) > 0
    assert max(late - early for early, late in zip(before, after, strict=True)) < MANY / EACH / 2
