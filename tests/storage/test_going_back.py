"""Going back by one migration: what would be lost is named first, and whatever is refused changes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from paybridge.domain.sale import Sale, SaleState
from paybridge.services.ports import Step
from paybridge.storage import going_back
from paybridge.storage.errors import DatabaseError
from paybridge.storage.going_back import WouldLoseError, go_back
from paybridge.storage.postgres import schema as newest_of
from paybridge.storage.postgres.connection import server_of
from paybridge.storage.sqlite.lease import SqliteLease
from paybridge.storage.sqlite.schema import downgrade, shape_of
from tests.fakes import postgres
from tests.fakes.database import START, open_book
from tests.fakes.records import a_transfer, people
from tests.storage.test_shops import SHOP

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def sold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Books of migration 0041, which is the newest there: orders have numbers, and there is one order."""
    book, _, _, database = await open_book(tmp_path)
    await book.commit(people("anna", "bob"))
    await book.commit(Step(records=(SHOP,)))
    sale = Sale("PB-1", "shop", "bob", SaleState.PENDING, b"paper", START)
    await book.commit(Step(records=(a_transfer("PB-1"), sale)))
    written = await book.sale("PB-1")
    assert written is not None
    await book.commit(Step(records=(replace(written, state=SaleState.PROCESSING, year=2026, paid=START),)))
    await database.close()
    path = tmp_path / "paybridge.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        downgrade(connection, "0041")
    monkeypatch.setattr(newest_of, "newest", lambda: "0041")
    return path


def as_it_is(path: Path) -> tuple[object, ...]:
    with closing(sqlite3.connect(path)) as connection:
        return shape_of(connection), connection.execute("SELECT * FROM sale").fetchall()


def columns(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[1] for row in connection.execute("PRAGMA table_info(sale)")}


def copies(folder: Path) -> list[str]:
    """Files with books in them beside the books."""
    return [file.name for file in folder.iterdir() if "going-back" in file.name or "-00" in file.name]


async def _in_a_thread(path: Path, kept_in: Path) -> None:
    await asyncio.to_thread(go_back, url(path), kept_in, losing=True)


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def test_what_would_be_lost_is_named_and_stays(sold: Path, tmp_path: Path) -> None:
    before = as_it_is(sold)
    with pytest.raises(WouldLoseError, match=r"sale\.paid \(1 row\), sale\.year \(1 row\), sale"):
        go_back(url(sold), tmp_path, losing=False)

    assert as_it_is(sold) == before
    assert copies(tmp_path) == []


def test_it_is_lost_when_that_is_said_and_stays_in_a_file(sold: Path, tmp_path: Path) -> None:
    before = as_it_is(sold)
    went = go_back(url(sold), tmp_path, losing=True)

    assert went.lost == ("sale.paid (1 row)", "sale.year (1 row)", "sale.number (1 row)")
    assert as_it_is(went.kept) == before
    assert columns(sold) == columns(went.kept) - {"paid", "year", "number"}
    with pytest.raises(DatabaseError, match="is there, the books from another time"):
        go_back(url(sold), tmp_path, losing=True)


def test_what_the_older_books_cannot_say_is_refused_also_then(sold: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(sold)) as connection, connection:
        connection.execute("UPDATE sale SET state = 'shipped', version = version + 1")
    before = as_it_is(sold)
    with pytest.raises(WouldLoseError, match="the older version has no room for what is in the books: CHECK"):
        go_back(url(sold), tmp_path, losing=True)

    assert as_it_is(sold) == before
    assert copies(tmp_path) == []


async def test_while_a_bot_runs_nothing_is_done(sold: Path, tmp_path: Path) -> None:
    lease = SqliteLease(sold)
    assert await lease.acquire()
    before = as_it_is(sold)
    with pytest.raises(DatabaseError, match="a bot is running on these books"):
        await _in_a_thread(sold, tmp_path)
    await lease.release()

    assert as_it_is(sold) == before


async def test_books_of_another_version_are_left_alone(
    sold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_of, "newest", lambda: "0042")
    with pytest.raises(DatabaseError, match="the books are at migration 0041 and this"):
        await _in_a_thread(sold, tmp_path)


async def test_on_a_server_what_is_refused_leaves_no_copy_either(tmp_path: Path) -> None:
    name = await postgres.empty_database()
    connection = await postgres.connect(name)
    await connection.execute(
        "DROP ROLE IF EXISTS no_owner; CREATE ROLE no_owner LOGIN; GRANT pg_read_all_data TO no_owner"
    )
    await connection.close()
    await newest_of.upgrade(server_of(postgres.url_of(name)))
    with pytest.raises(DatabaseError, match="must be owner"):
        await asyncio.to_thread(go_back, postgres.url_of(name, "no_owner"), tmp_path, losing=True)
    async with server_of(postgres.url_of(name)).connected({}) as asked:
        version = await newest_of.migrated_to(asked)
    await postgres.drop(name)

    assert version == newest_of.newest()
    assert copies(tmp_path) == []


async def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    name = await postgres.empty_database()
    url = postgres.url_of(name)
    await newest_of.upgrade(server_of(url))
    with patch.object(going_back, "copy_books", side_effect=_half_a_copy), pytest.raises(DatabaseError):
        await asyncio.to_thread(go_back, url, tmp_path, losing=False)
    await postgres.drop(name)

    assert copies(tmp_path) == []


def _half_a_copy(_: str, to: Path) -> None:
    to.write_bytes(b"half")
    raise DatabaseError("the disk is full")
