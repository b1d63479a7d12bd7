"""On PostgreSQL too, migrations make what the tables say, and a database that lost a guard is not opened."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import MetaData, NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from paybridge.storage.database import open_database, vault_check
from paybridge.storage.errors import DatabasePlaceError, GuardsMissingError, NewerDatabaseError
from paybridge.storage.postgres.__main__ import prepare
from paybridge.storage.postgres.connection import server_of
from paybridge.storage.postgres.schema import EXPECTED, migrated_to, newest, shape_of, upgrade
from paybridge.storage.tables import metadata
from tests.fakes import postgres
from tests.fakes.database import StoodClock
from tests.fakes.draw_postgres_shape import drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def empty() -> AsyncIterator[str]:
    name = await postgres.empty_database()
    yield name
    await postgres.drop(name)


@pytest.fixture
async def migrated() -> AsyncIterator[str]:
    name = await postgres.fresh_database()
    yield name
    await postgres.drop(name)


async def shape(name: str) -> dict[str, str]:
    connection = await postgres.connect(name)
    found = dict(await shape_of(connection))
    await connection.close()
    return found


async def test_the_migrations_make_exactly_the_tables(empty: str, migrated: str) -> None:
    engine = create_async_engine(postgres.url_of(empty), poolclass=NullPool)
    # A copy: where tables point to each other, SQLAlchemy remembers how it has made them.
    declared = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(declared)
    async with engine.begin() as connection:
        await connection.run_sync(declared.create_all)
    await engine.dispose()
    made = {
        name: says
        for name, says in (await shape(migrated)).items()
        if not name.startswith(("function", "trigger"))
        and name.split(" ")[1].split(".")[0] not in {"alembic_version", "lease"}
        and not name.startswith(("index alembic_version", "index lease"))
    }

    assert made == await shape(empty)


async def test_what_is_expected_is_what_the_migrations_make(migrated: str) -> None:
    assert EXPECTED.read_text(encoding="utf-8") == drawn(await shape(migrated)), "run `make docs`"


async def test_two_that_migrate_at_once_migrate_once(empty: str) -> None:
    server = server_of(postgres.url_of(empty))
    await asyncio.gather(upgrade(server), upgrade(server))
    async with server.connected({}) as connection:
        assert await migrated_to(connection) == newest()


async def test_an_empty_database_is_migrated_when_it_is_opened(empty: str) -> None:
    url = postgres.url_of(empty)
    assert await vault_check(url) is None

    database = await open_database(url, StoodClock())
    assert await vault_check(url) is None
    await database.keep_vault_check(b"check")
    await database.close()

    assert await vault_check(url) == b"check"


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER entry_update ON entry",
        "ALTER TABLE entry DISABLE TRIGGER entry_update",
        "ALTER TABLE account DROP CONSTRAINT account_above_floor",
        "DROP INDEX journal_one_follower",
        "ALTER TABLE account ADD COLUMN note TEXT",
        "CREATE RULE generous AS ON DELETE TO entry DO INSTEAD NOTHING",
        "CREATE TRIGGER generous BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION refuse('x')",
        "ALTER FUNCTION book RESET search_path",
        "ALTER FUNCTION refuse SECURITY INVOKER",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    ],
)
async def test_a_database_whose_guards_were_altered_is_not_opened(migrated: str, damage: str) -> None:
    connection = await postgres.connect(migrated)
    await connection.execute(damage)
    await connection.close()

    with pytest.raises(GuardsMissingError, match="altered from outside"):
        await open_database(postgres.url_of(migrated), StoodClock())


async def test_a_database_that_a_newer_version_has_used_is_refused_in_one_line(migrated: str) -> None:
    connection = await postgres.connect(migrated)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()

    with pytest.raises(NewerDatabaseError, match="newer version") as refused:
        await open_database(postgres.url_of(migrated), StoodClock())
    assert "\n" not in str(refused.value)


async def test_an_operators_own_table_and_function_are_let_be(migrated: str) -> None:
    connection = await postgres.connect(migrated)
    await connection.execute("CREATE TABLE notes (words TEXT)")
    await connection.execute("CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    await connection.close()

    database = await open_database(postgres.url_of(migrated), StoodClock())
    await database.close()


async def test_who_owns_nothing_is_told_in_one_line_how_to_migrate(empty: str) -> None:
    connection = await postgres.connect(empty)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'poor'"):
        await connection.execute("CREATE ROLE poor LOGIN")
    await connection.close()
    url = postgres.url_of(empty, "poor:hunter2")

    with pytest.raises(DatabasePlaceError, match="owner") as refused:
        await open_database(url, StoodClock())
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    await prepare(postgres.url_of(empty), "poor")
    await (await open_database(url, StoodClock())).close()


async def test_a_server_that_is_not_there_is_named_in_one_line_without_the_password() -> None:
    with pytest.raises(DatabasePlaceError) as refused:
        await open_database("postgresql+asyncpg://bot:hunter2@127.0.0.1:1/books", StoodClock())

    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)
