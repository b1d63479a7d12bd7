"""Every newer migration has a way back: each, taken back and run again, leaves the database as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import paybridge.storage
from paybridge.storage.postgres.connection import server_of
from paybridge.storage.postgres.schema import before, newest
from paybridge.storage.postgres.schema import downgrade as downgrade_server
from paybridge.storage.postgres.schema import shape_of as shape_of_server
from paybridge.storage.postgres.schema import upgrade as upgrade_server
from paybridge.storage.sqlite.schema import downgrade, expected_shape, shape_of, upgrade
from tests.fakes import postgres

VERSIONS = Path(paybridge.storage.__file__).parent / "migrations" / "versions"
FIRST_WITH_A_WAY_BACK = "0040"
WITH_A_WAY_BACK = sorted(
    file.name[:4] for file in VERSIONS.glob("0*.py") if file.name[:4] >= FIRST_WITH_A_WAY_BACK
)


def test_the_newest_is_among_them() -> None:
    assert WITH_A_WAY_BACK[-1] == newest()


@pytest.mark.parametrize("revision", WITH_A_WAY_BACK)
def test_on_sqlite_it_is_taken_back_and_run_again(revision: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        upgrade(connection, revision)
        with_it = shape_of(connection)
        downgrade(connection, before(revision))
        without_it = shape_of(connection)
        upgrade(connection, revision)

        assert without_it == expected_shape(before(revision))
        assert shape_of(connection) == with_it


async def test_on_postgresql_they_are_taken_back_and_run_again() -> None:
    name = await postgres.empty_database()
    server = server_of(postgres.url_of(name))
    shapes = {}
    await upgrade_server(server, before(FIRST_WITH_A_WAY_BACK))
    for revision in [before(FIRST_WITH_A_WAY_BACK), *WITH_A_WAY_BACK]:
        await upgrade_server(server, revision)
        async with server.connected({}) as connection:
            shapes[revision] = dict(await shape_of_server(connection))
    for revision in reversed(WITH_A_WAY_BACK):
        await downgrade_server(server, before(revision))
        async with server.connected({}) as connection:
            assert dict(await shape_of_server(connection)) == shapes[before(revision)]
    await upgrade_server(server)
    async with server.connected({}) as connection:
        assert dict(await shape_of_server(connection)) == shapes[newest()]
    await postgres.drop(name)
