"""Opens the database at a URL: the engine is picked by it, the book and the mailbox are on any."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.services.lease import FencedError
from paybridge.services.ports import BookUnavailableError
from paybridge.storage.book import SqlBook
from paybridge.storage.mailbox import SqlMailbox
from paybridge.storage.postgres import opening as postgres
from paybridge.storage.postgres.connection import SCHEME as POSTGRES
from paybridge.storage.questions import WRAPPED_KEYS
from paybridge.storage.sqlite import opening as sqlite
from paybridge.storage.sqlite.connection import path_of
from paybridge.storage.works import KeepVaultCheck, KeepWrappedKeys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paybridge.services.lease import Lease
    from paybridge.services.ports import Clock
    from paybridge.storage.postgres.reader import PostgresReader
    from paybridge.storage.postgres.writer import PostgresWriter
    from paybridge.storage.sqlite.reader import SqliteReader
    from paybridge.storage.sqlite.writer import SqliteWriter


TRIED: Final = "tried_to_write"
TRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; whoever writes more than the lease's holder may is refused by it."""

    url: str
    book: SqlBook
    mailbox: SqlMailbox
    lease: Lease
    writer: SqliteWriter | PostgresWriter
    reader: SqliteReader | PostgresReader

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return path_of(self.url)

    async def keep_vault_check(self, value: bytes) -> bool:
        """Keep what recognises the master key, before anything is sealed.

        False if another process that began with the same empty database was first, so that its own counts.
        """
        try:
            return bool(await self.writer.run(KeepVaultCheck(value)))
        except FencedError:
            return False

    async def wrapped_keys(self) -> Mapping[str, bytes]:
        """Every person's wrapped data key, by the person's id."""
        rows = await self.reader.rows(WRAPPED_KEYS, {})
        return {row["id"]: row["key"] for row in rows}

    async def keep_wrapped(self, keys: Mapping[str, bytes], check: bytes) -> None:
        """Put other wrappings in their place, all together, with what recognises the master key of them."""
        await self.writer.run(KeepWrappedKeys(keys, check))

    async def trouble(self) -> str | None:
        """What keeps people from being served, None if nothing does; a strange reader may know it.

        After a batch that could not be written, writing is tried again: that is over when it works.
        """
        try:
            await self.mailbox.sync_token()
        except BookUnavailableError:
            return "cannot be read"
        if self.writer.works:
            return None
        try:
            async with asyncio.timeout(TRY_SECONDS):
                await self.mailbox.remember(TRIED, "")
        except (BookUnavailableError, TimeoutError):
            return "cannot be written"
        return None

    async def close(self) -> None:
        """Finish what was asked for, and close every connection."""
        await self.reader.close()
        await self.writer.close()


async def open_database(url: str, clock: Clock, *, holder: str = "paybridge") -> Database:
    """The database at `sqlite+aiosqlite:///path`, made if it is not there, or at `postgresql+asyncpg://…`.

    `holder` tells this process from others that may hold the lease. Raises `DatabaseError`.
    """
    if url.startswith(POSTGRES):
        writer, reader, lease = await postgres.open_server(url, clock, holder)
        return Database(url, SqlBook(writer, reader), SqlMailbox(writer, reader), lease, writer, reader)
    return await _open_file(url, clock)


async def _open_file(url: str, clock: Clock) -> Database:
    lease, writer, reader = await sqlite.open_file(url, clock)
    return Database(url, SqlBook(writer, reader), SqlMailbox(writer, reader), lease, writer, reader)


async def vault_check(url: str) -> bytes | None:
    """What recognises the master key, read without touching the database; None if there is none yet."""
    if url.startswith(POSTGRES):
        return await postgres.vault_check(url)
    return await sqlite.vault_check(url)
