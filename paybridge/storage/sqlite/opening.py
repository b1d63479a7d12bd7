"""Opens the file: migrated, its guards proven, with a writer, a reader and a lease on it."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from paybridge.storage.errors import DatabaseError, DatabasePlaceError
from paybridge.storage.sqlite.connection import connect, connect_read_only, create_file, path_of
from paybridge.storage.sqlite.lease import SqliteLease
from paybridge.storage.sqlite.reader import SqliteReader
from paybridge.storage.sqlite.schema import check_guards, upgrade
from paybridge.storage.sqlite.writer import SqliteWriter

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.ports import Clock


async def open_file(url: str, clock: Clock) -> tuple[SqliteLease, SqliteWriter, SqliteReader]:
    """The file that the URL names, made if it is not there, or `DatabaseError`."""
    path = path_of(url)
    await asyncio.to_thread(_prepare, path)
    return SqliteLease(path), SqliteWriter(partial(connect, path), clock), SqliteReader(path)


async def vault_check(url: str) -> bytes | None:
    return await asyncio.to_thread(read_vault_check, path_of(url))


def _prepare(path: Path) -> None:
    create_file(path)
    try:
        connection = connect(path)
        try:
            upgrade(connection)
            check_guards(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabasePlaceError(f"cannot use the database {path}: {error}") from error


def read_vault_check(path: Path) -> bytes | None:
    """What recognises the master key; None if the file holds none, or `DatabaseError`."""
    if not path.exists():
        return None
    try:
        connection = connect_read_only(path)
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vault_check'").fetchone():
                return None
            found = connection.execute("SELECT value FROM vault_check").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot read the database {path}: {error}") from error
    return None if found is None else bytes(found[0])
