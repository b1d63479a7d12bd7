"""Steps that touch nothing in common are one trip to the server, whatever they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.services.ports import AlreadyDoneError, Post, StaleError, Step
from paybridge.storage.postgres.connection import WRITING, server_of
from paybridge.storage.postgres.core import apply_all
from paybridge.storage.works import Failed, MarkSent, Remember, WriteStep
from tests.fakes.database import START, ask_raw
from tests.fakes.records import a_booking, a_leg, a_person, a_topup, a_transfer, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from paybridge.storage.database import Database
    from paybridge.storage.works import Work

ENGINES = ("postgres",)
NOW = 1_000_000


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[asyncpg.Connection]:
    opened = await server_of(database.url).connect(WRITING)
    yield opened
    await opened.close()


def a_post(name: str) -> Post:
    return Post(name, "!room:test", None, None, b"sealed", START)


async def test_a_batch_of_steps_is_one_trip(database: Database, connection: asyncpg.Connection) -> None:
    await database.book.commit(people("anna", "bob") + Step(journals=(a_topup("t", "anna", 100),)))
    await database.book.commit(Step(records=(a_transfer("PB-1"),)))
    held = await database.book.transfer("PB-1")
    assert held is not None
    trips: list[Any] = []
    connection.add_query_logger(trips.append)
    steps = [
        Step(
            records=(replace(held, reason="changed"), a_leg("PB-1/1", "PB-1")),
            journals=(a_booking("b/1", "anna", "bob", 60),),
            posts=(a_post("post/1"),),
            done=("$confirm",),
        ),
        Step(records=(a_transfer("PB-2"),), posts=(a_post("post/2"),), done=("$pay",)),
    ]
    outcomes = await apply_all(connection, [WriteStep(step) for step in steps], NOW)

    assert outcomes == [None, None]
    assert not connection.is_in_transaction()
    assert [leg.id for leg in await database.book.legs("PB-1")] == ["PB-1/1"]
    assert await ask_raw(database, "SELECT count(*) FROM post") == [(2,)]
    assert await ask_raw(database, "SELECT event FROM letter WHERE done = 1 ORDER BY event") == [
        ("$confirm",),
        ("$pay",),
    ]
    # The driver tells its listeners in a later turn of the loop.
    assert len(trips) == 1


async def test_those_who_must_not_be_frozen_are_looked_at_in_the_same_trip(
    database: Database, connection: asyncpg.Connection
) -> None:
    await database.book.commit(people("anna", "bob"))
    trips: list[Any] = []
    connection.add_query_logger(trips.append)
    steps = [
        Step(records=(a_transfer("PB-1"),), unfrozen=("anna",)),
        Step(records=(a_transfer("PB-2"),), unfrozen=("bob", "anna")),
    ]
    outcomes = await apply_all(connection, [WriteStep(step) for step in steps], NOW)

    assert outcomes == [None, None]
    assert await database.book.transfer("PB-2") is not None
    assert len(trips) == 1


async def test_a_stale_or_repeated_step_leaves_no_trace_and_is_told_why(
    database: Database, connection: asyncpg.Connection
) -> None:
    await database.book.commit(people("anna"))
    anna = a_person("anna")
    outcomes = []
    for step in (
        Step(records=(replace(anna, version=7),), posts=(a_post("post/1"),), done=("$stale",)),
        Step(done=("$once",)),
        Step(posts=(a_post("post/2"),), done=("$once",)),
    ):
        outcomes += await apply_all(connection, [WriteStep(step)], NOW)

    stale, done, repeated = outcomes
    assert isinstance(stale, Failed)
    assert isinstance(stale.error, StaleError)
    assert done is None
    assert isinstance(repeated, Failed)
    assert isinstance(repeated.error, AlreadyDoneError)
    assert await ask_raw(database, "SELECT count(*) FROM post") == [(0,)]
    assert await ask_raw(database, "SELECT event FROM letter") == [("$once",)]


async def test_steps_among_other_works_are_committed_with_them(
    database: Database, connection: asyncpg.Connection
) -> None:
    works: list[Work] = [
        Remember("name", "value"),
        WriteStep(Step(posts=(a_post("post/1"),))),
        MarkSent("post/1", "$sent", "!room:test"),
        WriteStep(people("anna")),
    ]
    outcomes = await apply_all(connection, works, NOW)

    assert outcomes == [None] * 4
    assert not connection.is_in_transaction()
    assert await ask_raw(database, "SELECT state FROM post") == [("sent",)]
    assert await ask_raw(database, "SELECT name FROM memory") == [("name",)]
    assert await database.book.person("anna") is not None
