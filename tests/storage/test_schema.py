"""Migrations make what the tables say, once; a database that lost a guard is not opened."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine

from paybridge.storage.database import open_database, vault_check
from paybridge.storage.errors import (
    DatabasePlaceError,
    DatabaseUrlError,
    GuardsMissingError,
    NewerDatabaseError,
)
from paybridge.storage.sqlite.connection import connect
from paybridge.storage.sqlite.schema import check_guards, expected_shape, shape_of, upgrade
from paybridge.storage.tables import metadata
from paybridge.vault import MasterKey, WrongMasterKeyError, found_vault, open_vault
from tests.fakes.database import StoodClock, open_book

if TYPE_CHECKING:
    from pathlib import Path


def clauses(sql: str) -> list[str]:
    """The columns and constraints of a CREATE TABLE, in no order: migrations list constraints otherwise."""
    opened, closed = sql.index("("), sql.rindex(")")
    inner = re.sub(r"\s+", " ", sql[opened + 1 : closed])
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(inner):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(inner[start:place].strip())
            start = place + 1
    return [sql[:opened].strip(), *sorted([*parts, inner[start:].strip()]), sql[closed + 1 :].strip()]


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def test_the_migrations_make_exactly_the_tables() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        declared = shape_of(raw)
    engine.dispose()
    migrated = {
        (kind, name): sql
        for (kind, name), sql in expected_shape().items()
        if kind != "trigger" and name != "alembic_version"
    }

    assert set(migrated) == set(declared)
    for named, sql in declared.items():
        if named[0] == "table":
            assert clauses(migrated[named]) == clauses(sql)
        else:
            assert migrated[named] == sql


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    upgrade(connection)
    before = list(connection.iterdump())
    upgrade(connection)
    after = list(connection.iterdump())
    connection.close()

    assert after == before


def test_keys_that_were_pinned_in_the_memory_move_to_their_table(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    upgrade(connection, "0004")
    kept = [("master:@anna:hs", "first"), ("master-seen:@anna:hs", "second"), ("mastery:x", "stays")]
    connection.executemany("INSERT INTO memory VALUES (?, ?)", kept)
    upgrade(connection)
    pinned = connection.execute("SELECT * FROM pinned_key").fetchall()
    left = connection.execute("SELECT name FROM memory").fetchall()
    connection.close()

    assert pinned == [("@anna:hs", "first", None, None, None, 1)]
    assert left == [("mastery:x",)]


def test_payments_of_before_refunds_are_kept_and_guarded_as_new_ones(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    upgrade(connection, "0007")
    connection.execute("INSERT INTO person (id, key, created, version) VALUES ('anna', x'00', 1, 1)")
    connection.execute(
        "INSERT INTO transfer (id, kind, state, payer, payer_mxid, payee, payee_mxid, amount, fee, currency,"
        " room, created, expires, nonce, version)"
        " VALUES ('PB-1', 'pay', 'settled', 'anna', '@a:hs', 'bob', '@b:hs', 5, 0, 'EUR', '!r', 1, 2, 'n', 1)"
    )
    connection.execute(
        "INSERT INTO leg (id, transfer, number, kind, state, rail, owner, amount, fee, highest_fee,"
        " currency, to_claim, attempts, version)"
        " VALUES ('PB-1/1', 'PB-1', 1, 'collect', 'settled', 'bank', 'anna', 5, 0, 0, 'EUR', 0, 0, 1)"
    )
    upgrade(connection)
    check_guards(connection)
    kept = connection.execute("SELECT id, amount, original, refunded FROM transfer").fetchall()
    connection.execute("UPDATE leg SET state = 'reversed', taken_back = 5")
    with pytest.raises(sqlite3.IntegrityError, match="transfer_refunded"):
        connection.execute("UPDATE transfer SET refunded = 6")
    with pytest.raises(sqlite3.IntegrityError, match="leg_state"):
        connection.execute(
            "INSERT INTO leg (id, transfer, number, kind, state, rail, owner, amount, fee, highest_fee,"
            " currency, to_claim, attempts, version)"
            " VALUES ('PB-1/2', 'PB-1', 2, 'collect', 'lost', 'bank', 'anna', 5, 0, 0, 'EUR', 0, 0, 1)"
        )
    damage = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()

    assert kept == [("PB-1", 5, None, 0)]
    assert damage == [("ok",)]


def test_of_a_request_that_was_paid_before_there_were_parts_all_is_paid(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    upgrade(connection, "0027")
    connection.executemany(
        "INSERT INTO request (id, state, asker, asker_mxid, asked, asked_mxid, amount, currency, room,"
        " created, expires, version) VALUES (?, ?, 'anna', '@a:hs', 'bob', '@b:hs', 9, 'EUR', '!r', 1, 2, 1)",
        [("PB-1", "paid"), ("PB-2", "open")],
    )
    upgrade(connection)
    check_guards(connection)
    paid = connection.execute("SELECT id, paid FROM request ORDER BY id").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match="request_paid"):
        connection.execute("UPDATE request SET paid = 10 WHERE id = 'PB-2'")
    connection.close()

    assert paid == [("PB-1", 9), ("PB-2", 0)]


def test_an_account_that_the_bank_linked_before_it_knew_other_currencies_holds_euros(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    upgrade(connection, "0008")
    connection.execute("INSERT INTO person (id, key, created, version) VALUES ('anna', x'00', 1, 1)")
    for rail in ("bank", "stripe"):
        connection.execute(
            "INSERT INTO link (id, person, rail, token, masked, number, number_hash, state, is_default,"
            " created, version) VALUES (?, 'anna', ?, 'token', 'DE', x'00', x'00', 'verified', 0, 1, 1)",
            (rail, rail),
        )
    upgrade(connection)
    held = connection.execute("SELECT rail, currency FROM link ORDER BY rail").fetchall()
    connection.close()

    assert held == [("bank", "EUR"), ("stripe", None)]


def test_a_migration_that_breaks_leaves_nothing_half_done(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    # The third migration meets a table that is there already.
    connection.execute("CREATE TABLE seen (what TEXT)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(connection)
    shape = shape_of(connection)
    (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()

    assert version == "0002"
    assert ("table", "transfer") in shape
    assert ("table", "letter") not in shape


async def test_a_database_that_a_newer_version_has_used_is_refused_in_one_line(tmp_path: Path) -> None:
    _, _, _, database = await open_book(tmp_path)
    await database.close()
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(NewerDatabaseError, match="newer version") as refused:
        await open_book(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER entry_update",
        "DROP TRIGGER seal_insert; CREATE TRIGGER seal_insert BEFORE INSERT ON seal BEGIN SELECT 1; END",
        "DROP INDEX entry_of_account",
        "CREATE TRIGGER generous AFTER INSERT ON entry BEGIN SELECT 1; END",
        "ALTER TABLE account ADD COLUMN note TEXT",
    ],
)
async def test_a_database_whose_guards_were_altered_is_not_opened(tmp_path: Path, damage: str) -> None:
    _, _, _, database = await open_book(tmp_path)
    await database.close()
    connection = sqlite3.connect(database.path)
    connection.executescript(damage)
    connection.close()

    with pytest.raises(GuardsMissingError, match="altered from outside"):
        await open_book(tmp_path)


async def test_an_operators_own_table_is_let_be(tmp_path: Path) -> None:
    _, _, _, database = await open_book(tmp_path)
    await database.close()
    connection = sqlite3.connect(database.path)
    connection.execute("CREATE TABLE notes (words TEXT)")
    connection.close()

    _, _, _, again = await open_book(tmp_path)
    await again.close()


def test_every_guard_is_on_in_a_writing_connection(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    pragmas = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    }
    connection.close()

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


def test_a_database_without_migrations_has_no_guards(tmp_path: Path) -> None:
    connection = connect(tmp_path / "paybridge.db")
    with pytest.raises(GuardsMissingError):
        check_guards(connection)
    connection.close()


async def test_the_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "paybridge.db"
    database = await open_database(f"sqlite+aiosqlite:///{path}", StoodClock())
    await database.mailbox.remember("name", "value")
    modes = modes_in(tmp_path)
    await database.close()

    assert modes == dict.fromkeys(["paybridge.db", "paybridge.db-wal", "paybridge.db-shm"], 0o600)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://host",
        "postgresql://host/name",
        "sqlite:///paybridge.db",
        "sqlite+aiosqlite:///",
        "paybridge.db",
    ],
)
async def test_a_url_without_a_writer_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        await open_database(url, StoodClock())
    assert "\n" not in str(refused.value)


async def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    not_a_database = tmp_path / "text.db"
    not_a_database.write_text("not a database, but long enough to be read as the header of one " * 20)
    for path in (tmp_path / "missing" / "paybridge.db", tmp_path, not_a_database):
        with pytest.raises(DatabasePlaceError) as refused:
            await open_database(f"sqlite+aiosqlite:///{path}", StoodClock())
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "missing").exists()


async def test_a_wrong_master_key_is_known_before_the_database_is_touched(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'paybridge.db'}"
    assert await vault_check(url) is None
    assert modes_in(tmp_path) == {}

    vault, check = found_vault(MasterKey(b"k" * 32))
    database = await open_database(url, StoodClock())
    assert await vault_check(url) is None
    await database.keep_vault_check(check)
    await database.close()
    before = (tmp_path / "paybridge.db").read_bytes()
    kept = await vault_check(url)

    assert kept == check
    assert open_vault(MasterKey(b"k" * 32), kept).system == vault.system
    with pytest.raises(WrongMasterKeyError):
        open_vault(MasterKey(b"x" * 32), kept)
    assert (tmp_path / "paybridge.db").read_bytes() == before
