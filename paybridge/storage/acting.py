"""Writes what operators do at the command line into their log, beside a bot that may be running."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from paybridge.domain.acts import Via, follow
from paybridge.storage.act_rows import act_of, act_row
from paybridge.storage.errors import DatabaseError
from paybridge.storage.outside import numbered, opened
from paybridge.storage.postgres.connection import AWAY, SCHEME, WRITING, place_error, server_of
from paybridge.storage.sqlite.connection import connect, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.acts import Act, ActKind, Deal

COLUMNS: Final = (
    "number", "at", "by", "via", "kind", "person", "about", "told", "reason", "prev_hash", "hash", "version",
)  # fmt: skip
_NAMES: Final = ", ".join(f'"{name}"' for name in COLUMNS)
_MARKS: Final = ", ".join("?" for _ in COLUMNS)
_LAST: Final = f"SELECT {_NAMES} FROM act ORDER BY number DESC LIMIT 1"  # noqa: S608 - our own names
_APPEND: Final = f"INSERT INTO act ({_NAMES}) VALUES ({_MARKS})"  # noqa: S608 - our own names
_NEWEST: Final = f"SELECT {_NAMES} FROM act ORDER BY number DESC LIMIT ?"  # noqa: S608 - our own names
_USERS: Final = (
    "SELECT person, mxid FROM identity WHERE person IN (SELECT person FROM act) ORDER BY mxid DESC"
)
_TRIES: Final = 10

Change = tuple[str, tuple[Any, ...]]
"""A statement with `?` for its facts, which must change one row."""


class NothingChangedError(DatabaseError):
    """The bot, or another operator, was first: what was to be changed is not as it was."""


def told_acts(url: str, limit: int) -> Sequence[Mapping[str, Any]]:
    """The newest acts, oldest first, as JSON takes them, without the sealed reasons; or `DatabaseError`."""
    with opened(url, "read") as outside:
        acts = [_read(row) for row in outside.rows(_NEWEST, limit)]
        users = dict(outside.rows(_USERS))
    return [
        {
            "number": act.number,
            "at": act.at.isoformat(timespec="seconds"),
            "by": act.by,
            "via": act.via.value,
            "kind": act.kind.value,
            "user": users.get(act.deal.person) if act.deal.person else None,
            "about": act.deal.order,
            "told": act.deal.told,
            "hash": act.hash.hex(),
        }
        for act in reversed(acts)
    ]


def write_act(url: str, at: datetime, by: str, kind: ActKind, deal: Deal, change: Change | None) -> None:
    """Append an act, and in the same transaction make the change that it is about; or `DatabaseError`."""

    def following(last: Sequence[Any] | None) -> Sequence[Any]:
        before = None if last is None else _read(last)
        row = act_row(follow(before, at, by, Via.COMMAND_LINE, kind, deal)) | {"version": 1}
        return [row[name] for name in COLUMNS]

    if url.startswith(SCHEME):
        asyncio.run(_on_a_server(url, following, change))
        return
    path = path_of(url)
    try:
        with closing(connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if change is not None and connection.execute(*change).rowcount != 1:
                raise NothingChangedError("it has been decided otherwise in the meantime")
            connection.execute(_APPEND, following(connection.execute(_LAST).fetchone()))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot write the database {path}: {error}") from error


async def _on_a_server(
    url: str, following: Callable[[Sequence[Any] | None], Sequence[Any]], change: Change | None
) -> None:
    """Beside the process that holds the lease: it is the operator who decides."""
    server = server_of(url)
    try:
        async with server.connected(WRITING) as connection:
            for tries_left in reversed(range(_TRIES)):
                try:
                    await _write(connection, following, change)
                except asyncpg.UniqueViolationError:
                    # Somebody else's act took its place.
                    if not tries_left:
                        raise
                else:
                    return
    except AWAY as error:
        raise place_error(server, error) from error


async def _write(
    connection: asyncpg.Connection,
    following: Callable[[Sequence[Any] | None], Sequence[Any]],
    change: Change | None,
) -> None:
    async with connection.transaction():
        if change is not None:
            statement, facts = change
            if (await connection.execute(numbered(statement), *facts)).split()[-1] != "1":
                raise NothingChangedError("it has been decided otherwise in the meantime")
        last = await connection.fetchrow(_LAST)
        await connection.execute(numbered(_APPEND), *following(None if last is None else tuple(last)))


def _read(row: Sequence[Any]) -> Act:
    return act_of(dict(zip(COLUMNS, row, strict=True)))
