"""Opens a PostgreSQL database: migrated, its guards proven, with a writer, a reader and a lease on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import asyncpg
from sqlalchemy.exc import DBAPIError

from paybridge.storage.errors import DatabaseError, DatabasePlaceError
from paybridge.storage.postgres.connection import AWAY, READING, place_error, server_of
from paybridge.storage.postgres.lease import PostgresLease
from paybridge.storage.postgres.reader import PostgresReader
from paybridge.storage.postgres.schema import check_guards, migrated_to, newest, upgrade
from paybridge.storage.postgres.writer import Epoch, PostgresWriter

if TYPE_CHECKING:
    from paybridge.services.ports import Clock
    from paybridge.storage.postgres.connection import Server


async def open_server(
    url: str, clock: Clock, holder: str
) -> tuple[PostgresWriter, PostgresReader, PostgresLease]:
    """The database that the URL names, which must be there, or `DatabaseError`."""
    server = server_of(url)
    await _prepare(server)
    epoch = Epoch()
    return PostgresWriter(server, clock, epoch), PostgresReader(server), PostgresLease(server, holder, epoch)


async def vault_check(url: str) -> bytes | None:
    server = server_of(url)
    try:
        async with server.connected(READING) as connection:
            if await connection.fetchval("SELECT to_regclass('vault_check')") is None:
                return None
            return cast("bytes | None", await connection.fetchval("SELECT value FROM vault_check"))
    except AWAY as error:
        raise DatabaseError(str(place_error(server, error))) from error


async def _prepare(server: Server) -> None:
    try:
        async with server.connected({}) as connection:
            if await migrated_to(connection) != newest():
                await _upgrade(server)
            await check_guards(connection)
    except AWAY as error:
        raise place_error(server, error) from error


async def _upgrade(server: Server) -> None:
    try:
        await upgrade(server)
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        if isinstance(cause, asyncpg.InsufficientPrivilegeError):
            raise DatabasePlaceError(
                f"the database {server} is not at its newest version, and this role may not bring it there:"
                " see docs/postgres.md on preparing it as its owner"
            ) from error
        raise place_error(server, cause or error) from error
