"""Books with money under way go on in a newer version, and in the one before and then in this one again."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain.leg import LegState
from paybridge.storage.audit import audit
from paybridge.storage.database import open_database, vault_check
from paybridge.storage.going_back import go_back
from paybridge.storage.postgres import schema as postgres_schema
from paybridge.storage.postgres.connection import server_of
from paybridge.storage.sqlite.connection import connect
from paybridge.storage.sqlite.schema import expected_shape, shape_of, upgrade
from paybridge.vault import MasterKey, open_vault
from tests.fakes import postgres
from tests.fakes.database import StoodClock, open_book
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, open_house
from tests.fakes.rail import UNSURE_THEN_SETTLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Rows = dict[str, list[dict[str, Any]]]
"""Every row of every table."""

OLDER = ("0026", "0031")


async def busy(folder: Path) -> House:
    """A house in the middle of everything; closed."""
    house = await open_house(folder)
    for mxid in (ALICE, BOB):
        await house.link(mxid)
    await house.fund(ALICE, 2000)
    await house.hear(ALICE, f"!pay {BOB} 3 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.hear(BOB, f"!request {ALICE} 2 EUR for tea", DINNER)
    await house.hear(BOB, f"!split 6 EUR {ALICE} {CAROL}", DINNER)
    house.rail.in_turn = [UNSURE_THEN_SETTLED]
    await house.hear(BOB, "!topup 5 EUR")
    await house.hear(BOB, "!yes")
    await house.courier.settle_down()
    await house.hear(ALICE, "!cashout 4 EUR")
    await house.hear(ALICE, "!yes")
    await house.hear(ALICE, f"!pay {BOB} 1 EUR", DINNER)
    states = {
        leg.state
        for leg in [await house.book.leg_by_reference(one.reference) for one in house.rail.moved]
        if leg
    }
    assert states == {LegState.SETTLED, LegState.UNSURE}
    await house.database.close()
    return house


def rows_of(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        return {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 - ours
            for (name,) in names
            if name != "alembic_version"
        }


def fitting(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in rows]


def older_file(path: Path, revision: str, rows: Rows) -> None:
    """The rows as that version had them."""
    with closing(connect(path)) as connection:
        upgrade(connection, revision)
        connection.execute("PRAGMA foreign_keys = OFF")
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        for table, found in rows.items():
            columns = [name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')]
            if columns:
                connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - ours
                listed, places = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
                connection.executemany(
                    f'INSERT INTO "{table}" ({listed}) VALUES ({places})',  # noqa: S608 - ours
                    fitting(found, columns),
                )
        for _, sql in guards:
            connection.execute(sql)


async def older_server(name: str, revision: str, rows: Rows) -> None:
    await postgres_schema.upgrade(server_of(postgres.url_of(name)), revision)
    connection = await postgres.connect(name)
    await connection.execute("SET session_replication_role = replica")
    for table, found in rows.items():
        columns = [
            row["attname"]
            for row in await connection.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0", table
            )
        ]
        if columns:
            await connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - ours
            records = fitting(found, columns)
            await connection.copy_records_to_table(table, records=records, columns=columns)
        counter = "number" if table in {"letter", "post"} else "id" if table == "account" else None
        if counter:
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{counter}'), max({counter}) + 1)"  # noqa: S608 - ours
                f' FROM "{table}"'
            )
    await connection.close()


async def goes_on(house: House, request: str) -> None:
    """What was under way ends once, what was open can still be decided, and the books are sound."""
    assert (await asyncio.to_thread(audit, house.database.url)).problems == ()
    unsaid = await house.mailbox.posts(0, 1000)
    house.clock.pass_by(timedelta(minutes=1))
    await house.carry()
    await house.hear(ALICE, "!yes", DINNER, event="$after-1")
    await house.hear(ALICE, f"!accept {request}", DINNER, event="$after-2")
    await house.hear(ALICE, "!yes", DINNER, event="$after-3")
    await house.carry()

    assert unsaid
    assert len({post.id for _, post in unsaid}) == len(unsaid)
    legs = [order.reference for order in house.rail.moved]
    assert len(legs) == len(set(legs)) == 3
    for reference in legs:
        leg = await house.book.leg_by_reference(reference)
        assert leg is not None
        assert leg.state is LegState.SETTLED
    assert await house.balance(ALICE) + await house.balance(BOB) == 2000 + 500 - 400
    assert await house.balance(BOB) == 500 + 300 + 100 + 200
    assert (await asyncio.to_thread(audit, house.database.url)).problems == ()


@pytest.mark.parametrize("revision", OLDER)
async def test_a_file_of_an_older_version_goes_on(tmp_path: Path, revision: str) -> None:
    (tmp_path / "old").mkdir()
    before = await busy(tmp_path)
    rows = rows_of(tmp_path / "paybridge.db")
    older_file(tmp_path / "old" / "paybridge.db", revision, rows)
    opened = await open_book(tmp_path / "old")
    after = rows_of(tmp_path / "old" / "paybridge.db")
    house = await open_house(tmp_path, {"bank": before.rail}, opened=opened, first_id=1000)
    house.rail = before.rail
    await goes_on(house, rows["request"][0]["id"])
    await house.database.close()

    kept = {name: found for name, found in rows.items() if found}
    assert {name: after[name] for name in kept} == kept


@pytest.mark.parametrize("revision", ["0028"])
async def test_a_server_of_an_older_version_goes_on(tmp_path: Path, revision: str) -> None:
    before = await busy(tmp_path)
    name = await postgres.empty_database()
    rows = rows_of(tmp_path / "paybridge.db")
    await older_server(name, revision, rows)
    url = postgres.url_of(name)
    check = await vault_check(url)
    assert check is not None
    database = await open_database(url, StoodClock())
    opened = (database.book, database.mailbox, open_vault(MasterKey(bytes(32)), check), database)
    house = await open_house(tmp_path, {"bank": before.rail}, opened=opened, first_id=1000)
    house.rail = before.rail
    await goes_on(house, rows["request"][0]["id"])
    await house.database.close()
    await postgres.drop(name)


async def test_a_file_goes_back_by_one_and_forward_with_money_under_way(tmp_path: Path) -> None:
    before = await busy(tmp_path)
    file = tmp_path / "paybridge.db"
    rows = rows_of(file)
    went = await asyncio.to_thread(go_back, f"sqlite+aiosqlite:///{file}", tmp_path, losing=False)
    with closing(sqlite3.connect(file)) as connection:
        shape = shape_of(connection)
    older = rows_of(file)
    opened = await open_book(tmp_path)
    house = await open_house(tmp_path, {"bank": before.rail}, opened=opened, first_id=1000)
    house.rail = before.rail
    await goes_on(house, rows["request"][0]["id"])
    await house.database.close()

    assert (went.came_from, went.lost) == (postgres_schema.newest(), ())
    assert shape == expected_shape(went.went_to)
    assert {name: found for name, found in older.items() if found}.keys() == {
        name for name, found in rows.items() if found
    }
    assert rows_of(went.kept) == rows
    assert went.kept.stat().st_mode & 0o777 == 0o600


async def test_a_server_goes_back_by_one_and_forward_with_money_under_way(tmp_path: Path) -> None:
    before = await busy(tmp_path)
    name = await postgres.empty_database()
    rows = rows_of(tmp_path / "paybridge.db")
    await older_server(name, "head", rows)
    url = postgres.url_of(name)
    went = await asyncio.to_thread(go_back, url, tmp_path, losing=False)
    async with server_of(url).connected({}) as connection:
        version = await postgres_schema.migrated_to(connection)
    check = await vault_check(url)
    assert check is not None
    database = await open_database(url, StoodClock())
    opened = (database.book, database.mailbox, open_vault(MasterKey(bytes(32)), check), database)
    house = await open_house(tmp_path, {"bank": before.rail}, opened=opened, first_id=1000)
    house.rail = before.rail
    await goes_on(house, rows["request"][0]["id"])
    await house.database.close()
    await postgres.drop(name)

    assert version == went.went_to == postgres_schema.before(postgres_schema.newest())
    assert went.kept.exists()
