"""The database as a program beside the bot reads it: read-only, all at one moment, whichever engine it is.

Not for the event loop: it waits for its answers.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

from paybridge.storage.errors import DatabaseError
from paybridge.storage.postgres.connection import AWAY, READING, SCHEME, place_error, server_of
from paybridge.storage.sqlite.connection import connect_read_only, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg

_AT_ONCE: Final = 2000


class Outside(Protocol):
    """An open database, as it was when it was opened."""

    def rows(self, question: str, *facts: str | int) -> Iterator[tuple[Any, ...]]:
        """Every row that a SELECT finds, with `?` for the facts; read as they are asked for."""

    def damage(self) -> Iterator[str]:
        """What the engine itself finds wrong with what it stores."""


@contextmanager
def opened(url: str, purpose: str) -> Iterator[Outside]:
    """The database at this URL, or `DatabaseError`, which says for what `purpose` it was wanted."""
    if url.startswith(SCHEME):
        with _on_a_server(url) as server:
            yield server
        return
    path = path_of(url)
    try:
        with closing(connect_read_only(path)) as connection:
            connection.execute("BEGIN")
            yield _File(connection)
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot {purpose} {path}: {error}") from error


class _File:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, question: str, *facts: str | int) -> Iterator[tuple[Any, ...]]:
        yield from self._connection.execute(question, facts)

    def damage(self) -> Iterator[str]:
        for (told,) in self._connection.execute("PRAGMA integrity_check"):
            if told != "ok":
                yield f"file: {told}"
        for table, row, parent, _ in self._connection.execute("PRAGMA foreign_key_check"):
            yield f"{table} {row}: points to no {parent}"


@contextmanager
def _on_a_server(url: str) -> Iterator[Outside]:
    server = server_of(url)
    with closing(asyncio.new_event_loop()) as loop:
        try:
            connection = loop.run_until_complete(server.connect(READING))
            try:
                loop.run_until_complete(connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                yield _Server(loop, connection)
            finally:
                loop.run_until_complete(connection.close())
        except AWAY as error:
            raise place_error(server, error) from error


class _Server:
    def __init__(self, loop: asyncio.AbstractEventLoop, connection: asyncpg.Connection) -> None:
        self._loop = loop
        self._connection = connection

    def rows(self, question: str, *facts: str | int) -> Iterator[tuple[Any, ...]]:
        cursor = self._loop.run_until_complete(self._open(numbered(question), facts))
        while found := self._loop.run_until_complete(cursor.fetch(_AT_ONCE)):
            yield from map(tuple, found)

    def damage(self) -> Iterator[str]:
        """Nothing: a server checks its pages when it reads them, and its foreign keys when it writes."""
        yield from ()

    async def _open(self, question: str, facts: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - the driver's cursor
        return await self._connection.cursor(question, *facts)


def numbered(question: str) -> str:
    """The question with the placeholders that PostgreSQL takes; none of ours holds a `?` otherwise."""
    numbers = count(1)
    first, *rest = question.split("?")
    return first + "".join(f"${next(numbers)}{part}" for part in rest)
