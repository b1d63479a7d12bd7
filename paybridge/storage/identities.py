"""What an operator sees of frozen identities and decides about them, beside a bot that may be running."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from paybridge.storage.errors import DatabaseError
from paybridge.storage.moments import microseconds
from paybridge.storage.outside import opened
from paybridge.storage.pinning_tables import pinned_key
from paybridge.storage.postgres.connection import AWAY, SCHEME, WRITING, place_error, server_of
from paybridge.storage.rows import pinned_key_of
from paybridge.storage.sqlite.connection import connect, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.pinning import PinnedKey

_COLUMNS: Final = tuple(column.name for column in pinned_key.columns)
_FROZEN: Final = f"SELECT {', '.join(_COLUMNS)} FROM pinned_key WHERE since IS NOT NULL"  # noqa: S608 - our columns
_ACCEPT: Final = "UPDATE pinned_key SET until = ?, version = version + 1 WHERE mxid = ? AND other = ?"
_ACCEPT_ON_A_SERVER: Final = (
    "UPDATE pinned_key SET until = $1, version = version + 1 WHERE mxid = $2 AND other = $3 RETURNING 1"
)


class NotFrozenError(DatabaseError):
    """There is nothing to accept; its text is one line for the operator."""


def frozen_identities(url: str) -> Sequence[PinnedKey]:
    """Everyone who is frozen, by Matrix id, or `DatabaseError`; read-only."""
    with opened(url, "read") as outside:
        return [pinned_key_of(_named(row)) for row in outside.rows(f"{_FROZEN} ORDER BY mxid")]


def accept_identity(url: str, mxid: str, at: datetime) -> PinnedKey:
    """Let the freeze of this Matrix id end at `at`: the bot takes the new key as soon as it looks.

    Returns it as it was. Raises `NotFrozenError` or `DatabaseError`.
    """
    with opened(url, "read") as outside:
        found = [_named(row) for row in outside.rows(f"{_FROZEN} AND mxid = ?", mxid)]
    if not found:
        raise NotFrozenError(f"{mxid} is not frozen")
    (row,) = found
    if row["other"] is None:
        raise NotFrozenError(f"{mxid} has no encryption identity now that could be accepted")
    # That very key and no later one, should it change while the operator decides.
    accept = _accept_on_a_server if url.startswith(SCHEME) else _accept_in_a_file
    if not accept(url, microseconds(at), mxid, str(row["other"])):
        raise NotFrozenError(f"the identity of {mxid} changed again in this moment; look at it anew")
    return pinned_key_of(row)


def _accept_in_a_file(url: str, at: int, mxid: str, key: str) -> bool:
    path = path_of(url)
    try:
        with closing(connect(path)) as connection:
            return connection.execute(_ACCEPT, (at, mxid, key)).rowcount == 1
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot write the database {path}: {error}") from error


def _accept_on_a_server(url: str, at: int, mxid: str, key: str) -> bool:
    """Beside the process that holds the lease: it is the operator who acts."""
    server = server_of(url)

    async def accept() -> bool:
        async with server.connected(WRITING) as connection:
            return await connection.fetchval(_ACCEPT_ON_A_SERVER, at, mxid, key) is not None

    try:
        return asyncio.run(accept())
    except AWAY as error:
        raise place_error(server, error) from error


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(_COLUMNS, row, strict=True))
