"""A database in memory that outlives the engine, written inline by the writer's own core."""

from __future__ import annotations

import functools
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine

from paybridge.services.ports import BookUnavailableError, Errand
from paybridge.storage.book import SqlBook
from paybridge.storage.mailbox import SqlMailbox
from paybridge.storage.moments import microseconds
from paybridge.storage.sqlite.core import apply_all
from paybridge.storage.sqlite.reader import SqliteReader
from paybridge.storage.sqlite.schema import upgrade
from paybridge.storage.works import Answer, Failed, Work
from paybridge.storage.writing import Job, answer_all

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Executable

    from paybridge.services.ports import Clock, Due, Post
    from paybridge.storage.reading import Facts
    from paybridge.storage.row import Row
    from tests.simulation.dice import Dice

STATEMENTS_KEPT: Final = 256
MEMORY: Final = "file:/simulation?vfs=memdb"
"""Where connections of one process meet in its memory."""

_STATES: Final = {
    Errand.SEND: "('reserved', 'prepared')",
    Errand.ASK: "('executing', 'unsure', 'settled', 'refused')",
}
_ANY_OPEN: Final = {
    errand: f"SELECT 1 FROM leg WHERE state IN {states} AND due IS NOT NULL LIMIT 1"  # noqa: S608 - constants
    for errand, states in _STATES.items()
}
_ANY_DUE: Final = {
    errand: f"SELECT 1 FROM leg WHERE state IN {states} AND due <= ? LIMIT 1"  # noqa: S608 - constants
    for errand, states in _STATES.items()
}
_ANY_EXPIRING: Final = """
    SELECT 1 FROM transfer WHERE state IN ('awaiting_approval', 'claimable')
    UNION ALL SELECT 1 FROM request WHERE state = 'open' LIMIT 1
"""
_ANY_POST: Final = "SELECT 1 FROM post WHERE state = 'waiting' LIMIT 1"


def connect() -> sqlite3.Connection:
    """A new database in memory with the guards of the real one that memory can have."""
    connection = _guarded(":memory:")
    upgrade(connection)
    return connection


@functools.cache
def reused(content: bytes) -> Reused:
    """The database of a process that begins as `content`, again and again."""
    return Reused(content)


class Reused:
    """One connection for all seeds of a process: what it has prepared once stays prepared.

    A second connection to the same memory puts the content back. The first takes note by the file's change
    counter, and since the schema's version is as before, its statements stand.
    """

    def __init__(self, content: bytes) -> None:
        self._template = sqlite3.connect(":memory:", isolation_level=None)
        self._template.deserialize(content)
        (self._version,) = self._template.execute("PRAGMA schema_version").fetchone()
        self._back = sqlite3.connect(MEMORY, uri=True, isolation_level=None)
        self._connection = _guarded(MEMORY)

    def anew(self) -> sqlite3.Connection:
        """The connection, to a database that is the content; whatever was there before is gone."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._template.backup(self._back)
        self._back.execute(f"PRAGMA schema_version = {self._version}")
        return self._connection


def _guarded(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, uri=True, isolation_level=None, cached_statements=STATEMENTS_KEPT)
    connection.execute("PRAGMA foreign_keys = 1")
    connection.execute("PRAGMA recursive_triggers = 1")
    connection.execute("PRAGMA temp_store = 2")  # sorts in memory, as the real one does
    return connection


_ENGINE: Final = create_engine("sqlite://")
"""Nothing is asked of it: every question of the bot comes with facts, and goes straight to the connection."""


class MemoryReader(SqliteReader):
    """The reader, on the connection in memory. `pause` lets others go first, as a server's network does."""

    def __init__(self, connection: sqlite3.Connection, pause: Callable[[], Awaitable[None]]) -> None:
        self.connection = connection
        self.engine = _ENGINE
        self._pause = pause

    async def rows(self, statement: Executable, facts: Facts | None = None) -> Sequence[Row]:
        await self._pause()
        return await super().rows(statement, facts)

    async def first(self, statement: Executable, facts: Facts | None = None) -> Row | None:
        await self._pause()
        return await super().first(statement, facts)

    async def scalar(self, statement: Executable, facts: Facts | None = None) -> Any:  # noqa: ANN401 - the statement says
        await self._pause()
        return await super().scalar(statement, facts)


class QuickBook(SqlBook):
    """The book; a look for work that is not there, as tasks take after every commit, costs little."""

    def __init__(self, writer: MemoryWriter, reader: MemoryReader) -> None:
        super().__init__(writer, reader)
        self._ask = reader.connection.execute

    async def due_legs(self, errand: Errand, rail: str, at: datetime, limit: int) -> Sequence[Due]:
        if self._ask(_ANY_DUE[errand], (microseconds(at),)).fetchone() is None:
            return ()
        return await super().due_legs(errand, rail, at, limit)

    async def open_legs(self, errand: Errand, rail: str) -> Sequence[str]:
        if self._ask(_ANY_OPEN[errand]).fetchone() is None:
            return ()
        return await super().open_legs(errand, rail)

    async def next_due(self, errand: Errand, after: datetime) -> datetime | None:
        if self._ask(_ANY_OPEN[errand]).fetchone() is None:
            return None
        return await super().next_due(errand, after)

    async def next_expiry(self) -> datetime | None:
        if self._ask(_ANY_EXPIRING).fetchone() is None:
            return None
        return await super().next_expiry()


class QuickMailbox(SqlMailbox):
    """The mailbox, as quick as the book to say that nothing waits."""

    def __init__(self, writer: MemoryWriter, reader: MemoryReader) -> None:
        super().__init__(writer, reader)
        self._ask = reader.connection.execute

    async def posts(self, after: int, limit: int) -> Sequence[tuple[int, Post]]:
        if self._ask(_ANY_POST).fetchone() is None:
            return ()
        return await super().posts(after, limit)


class MemoryWriter:
    """`Writing`: gathers what comes within some milliseconds, commits it in one go, and answers later.

    `edge` is where the engine may die: before the commit, when nothing of it is written, or after it, when
    nobody hears of it. `check` looks at what each commit has done, before anybody goes on.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        clock: Clock,
        dice: Dice,
        loop: asyncio.AbstractEventLoop,
        *,
        edge: Callable[[str], bool],
        before: Callable[[Sequence[Work]], None],
        check: Callable[[Sequence[Work], Sequence[Answer | Failed]], None],
        trouble: float,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._dice = dice
        self._loop = loop
        self._edge = edge
        self._before = before
        self._check = check
        self._trouble = trouble
        self._gathered: list[Job] = []
        self.dead = False

    async def run(self, work: Work) -> Answer:
        return await self.submit(work)

    def submit(self, work: Work) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = self._loop.create_future()
        if not self.dead:
            if not self._gathered:
                self._loop.call_later(self._dice.between(0.0001, 0.008), self._commit)
            self._gathered.append(Job(work, answer))
        return answer

    def _commit(self) -> None:
        jobs, self._gathered = self._gathered, []
        if self._edge("before commit"):
            return
        works = [job.work for job in jobs]
        outcomes: list[Answer | Failed]
        if self._dice.happens(self._trouble):
            if self._dice.chance(0.5):  # written, and not known to be
                self._write(works)
            outcomes = [Failed(BookUnavailableError("simulated")) for _ in jobs]
        else:
            outcomes = self._write(works)
        if not self._edge("after commit"):
            self._loop.call_later(self._dice.between(0.0001, 0.004), self._answer, jobs, outcomes)

    def _write(self, works: Sequence[Work]) -> list[Answer | Failed]:
        self._before(works)
        outcomes = apply_all(self._connection, works, microseconds(self._clock.now()))
        self._check(works, outcomes)
        return outcomes

    def _answer(self, jobs: list[Job], outcomes: list[Answer | Failed]) -> None:
        if not self.dead:
            answer_all(jobs, outcomes)
