"""Whether books are there, whole and of this version is told without touching them, on either engine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from paybridge.storage.errors import DatabaseError, GuardsMissingError
from paybridge.storage.standing import Standing, standing
from tests.fakes import postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.storage.database import Database


@pytest.fixture
async def migrated() -> AsyncIterator[str]:
    name = await postgres.fresh_database()
    yield name
    await postgres.drop(name)


async def altered(database: str, statement: str) -> None:
    connection = await postgres.connect(database)
    await connection.execute(statement)
    await connection.close()


async def test_books_that_the_bot_keeps_are_whole(database: Database) -> None:
    assert await standing(database.url) is Standing.WHOLE


async def test_a_file_that_is_not_there_is_empty_and_is_not_made(tmp_path: Path) -> None:
    assert await standing(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}") is Standing.EMPTY
    assert not (tmp_path / "none.db").exists()


async def test_a_file_without_our_tables_is_empty(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE notes (words TEXT)")

    assert await standing(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}") is Standing.EMPTY


async def test_a_file_that_is_no_database_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "words.db").write_text("no database, but long enough to be read as the head of one" * 20)

    with pytest.raises(DatabaseError, match="not a database"):
        await standing(f"sqlite+aiosqlite:///{tmp_path / 'words.db'}")


async def test_a_server_is_asked_in_the_same_way(migrated: str) -> None:
    url = postgres.url_of(migrated)
    empty = await postgres.empty_database()
    try:
        found = [await standing(url), await standing(postgres.url_of(empty))]
    finally:
        await postgres.drop(empty)
    await altered(migrated, "UPDATE alembic_version SET version_num = '0001'")

    assert [*found, await standing(url)] == [Standing.WHOLE, Standing.EMPTY, Standing.OLDER]


async def test_a_server_that_lost_a_guard_is_found(migrated: str) -> None:
    await altered(migrated, "DROP TRIGGER entry_update ON entry")

    with pytest.raises(GuardsMissingError, match="trigger entry"):
        await standing(postgres.url_of(migrated))


async def test_a_server_without_the_database_is_one_line() -> None:
    with pytest.raises(DatabaseError) as raised:
        await standing(postgres.url_of("nowhere"))

    assert "\n" not in str(raised.value)
