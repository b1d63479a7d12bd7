"""Opens the database: migrated, its guards proven, with the book and the mailbox on it."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from paybridge.storage.book import SqlBook
from paybridge.storage.connection import connect, connect_read_only, create_file, path_of
from paybridge.storage.errors import DatabaseError, DatabasePlaceError
from paybridge.storage.mailbox import SqlMailbox
from paybridge.storage.reader import Reader
from paybridge.storage.schema import check_guards, upgrade
from paybridge.storage.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.ports import Clock


@dataclass(frozen=True, slots=True)
class Database:
    """An open database."""

    path: Path
    book: SqlBook
    mailbox: SqlMailbox
    writer: Writer
    reader: Reader

    async def keep_vault_check(self, value: bytes) -> None:
        """Keep what recognises the master key, before anything is sealed."""
        await self.writer.run(partial(_keep_vault_check, value))

    async def close(self) -> None:
        """Finish what was asked for, and close every connection."""
        await self.reader.close()
        await self.writer.close()


async def open_database(url: str, clock: Clock) -> Database:
    """The database at `sqlite+aiosqlite:///path`, made if it is not there, or `DatabaseError`."""
    path = path_of(url)
    await asyncio.to_thread(_prepare, path)
    writer, reader = Writer(partial(connect, path), clock), Reader(path)
    return Database(path, SqlBook(writer, reader), SqlMailbox(writer, reader), writer, reader)


async def vault_check(url: str) -> bytes | None:
    """What recognises the master key, read without touching the database; None if there is none yet."""
    return await asyncio.to_thread(_read_vault_check, path_of(url))


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


def _read_vault_check(path: Path) -> bytes | None:
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


def _keep_vault_check(value: bytes, connection: sqlite3.Connection, _now: int) -> None:
    connection.execute(
        "INSERT INTO vault_check (id, value) VALUES (1, ?)"
        " ON CONFLICT (id) DO UPDATE SET value = excluded.value",
        (value,),
    )
