"""Copies the books from a PostgreSQL server to a SQLite file, which is what a backup holds, and back.

Rows go as they are, past the triggers, which have judged them once; the guards are proven to be back
afterwards. What is a sound file here is a sound database there.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

import asyncpg

from paybridge.storage.errors import DatabaseError, DatabasePlaceError
from paybridge.storage.outside import opened
from paybridge.storage.postgres.connection import AWAY, place_error, server_of
from paybridge.storage.postgres.schema import check_guards, newest, upgrade
from paybridge.storage.sqlite import schema as sqlite_schema
from paybridge.storage.sqlite.connection import connect_read_only, create_file
from paybridge.storage.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Table

    from paybridge.storage.postgres.connection import Server

_LOOKED_AT_LAST: Final = ("journal", "seal")
"""A journal points to its seal, and a seal to its journal; at the first the database looks in the end."""


def copy_to_file(url: str, to: Path) -> None:
    """Copy the database as it is at one moment, whoever writes meanwhile, or `DatabaseError`."""
    try:
        create_file(to)
        with opened(url, "back up") as outside, closing(sqlite3.connect(to, isolation_level=None)) as target:
            (version,) = next(outside.rows("SELECT version_num FROM alembic_version"))
            if version != newest():
                raise DatabasePlaceError("the database is not at its newest version: start the bot first")
            sqlite_schema.upgrade(target)
            target.execute("BEGIN")
            found = target.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in found:
                target.execute(f'DROP TRIGGER "{name}"')
            for table in _tables():
                places = ", ".join("?" * len(table.columns))
                target.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - our tables
                target.executemany(
                    f'INSERT INTO "{table.name}" ({_columns(table)}) VALUES ({places})',  # noqa: S608 - our tables
                    outside.rows(f'SELECT {_columns(table)} FROM "{table.name}"'),  # noqa: S608 - our tables
                )
            for _, sql in found:
                target.execute(sql)
            target.execute("COMMIT")
            sqlite_schema.check_guards(target)
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot copy the database: {error}") from error


def copy_to_server(path: Path, url: str) -> None:
    """Put the books of the file into an empty database, as its owner, or `DatabaseError`; all or nothing."""
    server = server_of(url)
    try:
        asyncio.run(_fill(path, server))
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabasePlaceError(
            f"the role of {server} does not own its tables: restore as their owner, see docs/backup.md"
        ) from error
    except AWAY as error:
        raise place_error(server, error) from error
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot read the copy of the books: {error}") from error


def refuse_what_is_there(url: str) -> None:
    """`DatabaseError` unless the database is there and empty."""
    server = server_of(url)

    async def look() -> None:
        async with server.connected({}) as connection:
            for table in _tables():
                there = await connection.fetchval("SELECT to_regclass($1)", f'"{table.name}"') is not None
                if there and await connection.fetchval(f'SELECT 1 FROM "{table.name}" LIMIT 1') is not None:  # noqa: S608 - our tables
                    raise DatabasePlaceError(f"the database {server} holds a bot's books already")

    try:
        asyncio.run(look())
    except AWAY as error:
        raise place_error(server, error) from error


async def _fill(path: Path, server: Server) -> None:
    await upgrade(server)
    # Millions of rows take longer than anything that people wait for.
    connection = await asyncpg.connect(**{**server.arguments({}), "command_timeout": None})
    try:
        with closing(connect_read_only(path)) as source:
            async with connection.transaction():
                for table in _tables():
                    await connection.execute(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
                for table in _tables():
                    rows = source.execute(f'SELECT {_columns(table)} FROM "{table.name}"')  # noqa: S608 - our tables
                    columns = [column.name for column in table.columns]
                    await connection.copy_records_to_table(table.name, records=rows, columns=columns)
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                for table in _tables():
                    await connection.execute(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
                    await _go_on_counting(connection, table)
                await check_guards(connection)
    finally:
        await connection.close()


async def _go_on_counting(connection: asyncpg.Connection, table: Table) -> None:
    """The next row that gets its number from the database gets one that is free."""
    for column in table.primary_key:
        counter = await connection.fetchval("SELECT pg_get_serial_sequence($1, $2)", table.name, column.name)
        if counter is not None:
            last = await connection.fetchval(f'SELECT max("{column.name}") FROM "{table.name}"')  # noqa: S608 - ours
            await connection.execute(
                "SELECT setval($1::text::regclass, $2, $3)", counter, last or 1, bool(last)
            )


def _tables() -> Iterator[Table]:
    """Every table, after those that it points to."""
    waiting = dict(metadata.tables)
    while waiting:
        for name, table in list(waiting.items()):
            points_to = {key.column.table.name for key in table.foreign_keys} - {name}
            if not any(other in waiting for other in points_to if (name, other) != _LOOKED_AT_LAST):
                yield waiting.pop(name)


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
