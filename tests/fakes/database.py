"""A real database for tests, quick to open: migrated once, then copied."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paybridge.storage.database import Database, open_database, vault_check
from paybridge.storage.moments import microseconds
from paybridge.storage.sqlite.connection import connect
from paybridge.storage.sqlite.core import apply_all
from paybridge.storage.sqlite.schema import upgrade
from paybridge.storage.works import Failed
from paybridge.vault import MasterKey, Vault, found_vault, open_vault
from tests.fakes import postgres

if TYPE_CHECKING:
    from paybridge.services.ports import Clock
    from paybridge.storage.book import SqlBook
    from paybridge.storage.mailbox import SqlMailbox
    from paybridge.storage.works import Answer, Work

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class StoodClock:
    """Stands still until it is moved."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_by(self, span: timedelta) -> None:
        self.at += span


class InlineWriter:
    """Writes each work in its caller's own turn: for tests that decide themselves what is when."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def run(self, work: Work) -> Answer:
        return await self.submit(work)

    def submit(self, work: Work) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        (outcome,) = apply_all(self._connection, [work], microseconds(self._clock.now()))
        if isinstance(outcome, Failed):
            answer.set_exception(outcome.error)
        else:
            answer.set_result(outcome)
        return answer


async def ask_raw(database: Database, question: str, *, first: str = "SELECT 1") -> list[tuple[Any, ...]]:
    """What the bare database answers, past everything of ours; after `first`, on the same connection."""
    if database.url.startswith("sqlite"):
        with closing(sqlite3.connect(database.path, isolation_level=None)) as opened:
            opened.execute(first)
            return opened.execute(question).fetchall()
    connection = await postgres.connect(name_of(database))
    try:
        await connection.execute(first)
        return [tuple(row) for row in await connection.fetch(question)]
    finally:
        await connection.close()


def name_of(database: Database) -> str:
    """What a PostgreSQL database is called on its server."""
    return database.url.partition("@/")[2].partition("?")[0]


async def open_book(
    folder: Path, clock: StoodClock | None = None
) -> tuple[SqlBook, SqlMailbox, Vault, Database]:
    """A book, mailbox and vault on the file `folder/paybridge.db`; close the database when done."""
    path = folder / "paybridge.db"
    url, master = f"sqlite+aiosqlite:///{path}", MasterKey(bytes(32))
    if path.exists():
        check = await vault_check(url)
        assert check is not None
        database = await open_database(url, clock or StoodClock())
        return database.book, database.mailbox, open_vault(master, check), database
    vault, new_check = found_vault(master)
    shutil.copyfile(_template(), path)
    path.chmod(0o600)
    database = await open_database(url, clock or StoodClock())
    await database.keep_vault_check(new_check)
    return database.book, database.mailbox, vault, database


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="paybridge-"))
    atexit.register(shutil.rmtree, folder)
    path = folder / "paybridge.db"
    connection = connect(path)
    upgrade(connection)
    connection.close()
    return path
