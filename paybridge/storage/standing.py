"""How a database stands, without touching it: whether it is there, whole and of this version."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from enum import Enum, auto
from typing import TYPE_CHECKING

from paybridge.storage.errors import DatabasePlaceError
from paybridge.storage.postgres import schema as postgres
from paybridge.storage.postgres.connection import AWAY, READING, SCHEME, place_error, server_of
from paybridge.storage.sqlite import schema as sqlite
from paybridge.storage.sqlite.connection import connect_read_only, path_of

if TYPE_CHECKING:
    from pathlib import Path


class Standing(Enum):
    """`OLDER` lacks a migration, which a start runs; the guards of an older one are not looked at."""

    EMPTY = auto()
    OLDER = auto()
    WHOLE = auto()


async def standing(url: str) -> Standing:
    """How the database at this URL stands.

    Raises `DatabaseError` if it cannot be read, `GuardsMissingError` if it was altered from outside.
    """
    if not url.startswith(SCHEME):
        return await asyncio.to_thread(_of_file, path_of(url))
    server = server_of(url)
    try:
        async with server.connected(READING) as connection:
            version = await postgres.migrated_to(connection)
            if version == postgres.newest():
                await postgres.check_guards(connection)
            return _standing(version)
    except AWAY as error:
        raise place_error(server, error) from error


def _of_file(path: Path) -> Standing:
    if not path.exists():
        return Standing.EMPTY
    try:
        with closing(connect_read_only(path)) as connection:
            version = _version(connection)
            if version == postgres.newest():
                sqlite.check_guards(connection)
            return _standing(version)
    except sqlite3.Error as error:
        raise DatabasePlaceError(f"cannot use the database {path}: {error}") from error


def _version(connection: sqlite3.Connection) -> str | None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or (None,)
    return None if version is None else str(version)


def _standing(version: str | None) -> Standing:
    if version is None:
        return Standing.EMPTY
    return Standing.WHOLE if version == postgres.newest() else Standing.OLDER
