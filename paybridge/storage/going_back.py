"""Brings the books back by one migration, for the version of the program that ran before.

What would be lost is counted first. The books as they were are kept in a file beside.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
from sqlalchemy.exc import DBAPIError

from paybridge.storage.copying import copy_books
from paybridge.storage.errors import DatabaseError
from paybridge.storage.postgres import schema as postgres
from paybridge.storage.postgres.connection import AWAY, SCHEME, place_error, server_of
from paybridge.storage.sqlite import schema as sqlite
from paybridge.storage.sqlite.connection import connect, path_of
from paybridge.storage.sqlite.lease import SqliteLease

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.storage.postgres.connection import Server

UNFINISHED: Final = "-going-back"
NO_ROOM: Final = "the older version has no room for what is in the books"
LOGS: Final = ("-wal", "-shm")

Columns: TypeAlias = "Mapping[str, Mapping[str, str | None]]"
"""The tables of a database, and each of their columns to what stands in it where nobody said anything."""


class WouldLoseError(DatabaseError):
    """There is no room in the older books for something in these."""


@dataclass(frozen=True, slots=True)
class WentBack:
    """The migrations between which the books went back, what was `lost`, and where they are as they were."""

    came_from: str
    went_to: str
    lost: tuple[str, ...]
    kept: Path


def go_back(url: str, kept_in: Path, *, losing: bool) -> WentBack:
    """Take the newest migration back, while no bot runs; `DatabaseError` if it cannot be, in one line.

    Unless `losing`, nothing is done if rows would be lost. The books as they are now go to a new file in
    `kept_in`, readable for its owner alone.
    """
    newest = postgres.newest()
    kept = kept_in / f"paybridge-{newest}.db"
    if kept.exists():
        raise DatabaseError(f"{kept} is there, the books from another time: put it elsewhere first")
    if url.startswith(SCHEME):
        return asyncio.run(_server_back(server_of(url), url, kept, losing=losing))
    return asyncio.run(_file_back(path_of(url), url, kept, losing=losing))


# ------------------------------------------------------------ SQLite


async def _file_back(path: Path, url: str, kept: Path, *, losing: bool) -> WentBack:
    lease = SqliteLease(path)
    if not await lease.acquire():
        raise DatabaseError("a bot is running on these books: stop it first")
    try:
        return _copied_back(path, url, kept, losing=losing)
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot go back with {path}: {error}") from error
    finally:
        # A copy that did not take their place holds all that is in the books, unsealed.
        for end in ("", *LOGS):
            path.with_name(path.name + UNFINISHED + end).unlink(missing_ok=True)
        await lease.release()


def _copied_back(path: Path, url: str, kept: Path, *, losing: bool) -> WentBack:
    """On a copy, which takes the place of the books when it is whole; whatever ends it changes nothing."""
    newest = postgres.newest()
    older = postgres.before(newest)
    unfinished = path.with_name(path.name + UNFINISHED)
    unfinished.unlink(missing_ok=True)  # of one that was killed
    copy_books(url, unfinished)
    with closing(connect(unfinished)) as copy:
        _check_version(str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]))
        lost = _losses(_columns(copy), older, lambda query: int(copy.execute(query).fetchone()[0]))
        _check_losing(lost, losing=losing)
        sqlite.downgrade(copy, older)
        wrong = [str(row[0]) for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
        wrong += [f"a row of {row[0]} names what is gone" for row in copy.execute("PRAGMA foreign_key_check")]
        if wrong:
            raise WouldLoseError(f"{NO_ROOM}: {wrong[0]}")
        if sqlite.shape_of(copy) != sqlite.expected_shape(older):
            raise DatabaseError("the books did not become those of the version before; nothing was changed")
        copy.execute("PRAGMA journal_mode = DELETE")
    # What the last writer left in the log belongs to the file that is kept.
    with closing(connect(path)) as books:
        books.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.link(path, kept)
    unfinished.replace(path)
    for end in LOGS:
        path.with_name(path.name + end).unlink(missing_ok=True)
    return WentBack(newest, older, lost, kept)


def _columns(connection: sqlite3.Connection) -> Columns:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: {row[1]: row[4] for row in connection.execute(f"PRAGMA table_info({name})")}
        for (name,) in tables
        if not name.startswith("sqlite_")
    }


# ------------------------------------------------------------ PostgreSQL


async def _server_back(server: Server, url: str, kept: Path, *, losing: bool) -> WentBack:
    newest = postgres.newest()
    older = postgres.before(newest)
    try:
        async with server.connected({}) as connection:
            _check_version(str(await postgres.migrated_to(connection)))
            if await connection.fetchval(_IS_LENT):
                raise DatabaseError("a bot is running on these books: stop it, and wait for ten seconds")
            lost = await _losses_on(connection, older)
        _check_losing(lost, losing=losing)
        await asyncio.to_thread(_copied, url, kept)
        await postgres.downgrade(server, older)
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        if isinstance(cause, _REFUSALS):
            # All of it was rolled back. After a lost connection nobody knows, and the copy stays.
            await asyncio.to_thread(kept.unlink)
        if isinstance(cause, asyncpg.CheckViolationError):
            raise WouldLoseError(f"{NO_ROOM}: {cause}") from error
        raise place_error(server, cause or error) from error
    except AWAY as error:
        raise place_error(server, error) from error
    return WentBack(newest, older, lost, kept)


def _copied(url: str, to: Path) -> None:
    """Copy the books; nothing stays of a copy that fails."""
    try:
        copy_books(url, to)
    except BaseException:
        to.unlink(missing_ok=True)
        raise


_REFUSALS: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.SyntaxOrAccessError)
_IS_LENT: Final = """
    SELECT EXISTS (
        SELECT 1 FROM lease WHERE until > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    )
"""
_COLUMNS: Final = """
    SELECT table_name, column_name, column_default FROM information_schema.columns
    WHERE table_schema = current_schema()
"""


async def _losses_on(connection: asyncpg.Connection, older: str) -> tuple[str, ...]:
    columns: dict[str, dict[str, str | None]] = {}
    for row in await connection.fetch(_COLUMNS):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = row["column_default"]
    counted = {query: int(await connection.fetchval(query)) for query in _questions(columns, older)}
    return _losses(columns, older, counted.__getitem__)


# ------------------------------------------------------------ both


def _losses(now: Columns, older: str, count: Callable[[str], int]) -> tuple[str, ...]:
    """What has no place in the older books: tables and columns with their rows; `count` answers a query."""
    found = ((count(query), what) for query, what in _questions(now, older).items())
    return tuple(f"{what} ({rows} rows)" if rows > 1 else f"{what} (1 row)" for rows, what in found if rows)


def _questions(now: Columns, older: str) -> Mapping[str, str]:
    """What counts the rows of each table and column that the older books lack, to what that is."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        sqlite.upgrade(empty, older)
        then = _columns(empty)
    asked = {}
    for table, columns in sorted(now.items()):
        if table in _OF_ONE_ENGINE:
            continue
        rows = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names
        if table not in then:
            asked[rows] = table
            continue
        for column, default in columns.items():
            if column not in then[table]:
                said = f"{column} IS NOT NULL" + (f" AND {column} <> {default}" if default else "")
                asked[f"{rows} WHERE {said}"] = f"{table}.{column}"
    return asked


_OF_ONE_ENGINE: Final = frozenset({"lease", "alembic_version"})


def _check_version(version: str) -> None:
    if version != postgres.newest():
        raise DatabaseError(
            f"the books are at migration {version} and this version's newest is {postgres.newest()}:"
            " only the version that runs them now takes its own migration back"
        )


def _check_losing(lost: tuple[str, ...], *, losing: bool) -> None:
    if lost and not losing:
        raise WouldLoseError(f"going back would lose {', '.join(lost)}; --losing does it all the same")
