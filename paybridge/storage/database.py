"""Opens the database at a URL: the engine is picked by it, the book and the mailbox are on any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.storage.book import SqlBook
from paybridge.storage.mailbox import SqlMailbox
from paybridge.storage.sqlite import opening as sqlite
from paybridge.storage.works import KeepVaultCheck

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.services.ports import Clock
    from paybridge.storage.sqlite.reader import SqliteReader
    from paybridge.storage.sqlite.writer import SqliteWriter


@dataclass(frozen=True, slots=True)
class Database:
    """An open database."""

    path: Path
    book: SqlBook
    mailbox: SqlMailbox
    writer: SqliteWriter
    reader: SqliteReader

    async def keep_vault_check(self, value: bytes) -> None:
        """Keep what recognises the master key, before anything is sealed."""
        await self.writer.run(KeepVaultCheck(value))

    async def close(self) -> None:
        """Finish what was asked for, and close every connection."""
        await self.reader.close()
        await self.writer.close()


async def open_database(url: str, clock: Clock) -> Database:
    """The database at `sqlite+aiosqlite:///path`, made if it is not there, or `DatabaseError`."""
    path, writer, reader = await sqlite.open_file(url, clock)
    return Database(path, SqlBook(writer, reader), SqlMailbox(writer, reader), writer, reader)


async def vault_check(url: str) -> bytes | None:
    """What recognises the master key, read without touching the database; None if there is none yet."""
    return await sqlite.vault_check(url)
