"""Of several who open one database one writes; who was replaced no longer can."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from paybridge.services.ports import Step
from paybridge.storage.database import open_database
from tests.fakes.database import ask_raw
from tests.fakes.records import a_booking, a_topup, euros, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.storage.database import Database
    from tests.fakes.database import StoodClock


@pytest.fixture
async def second(database: Database, clock: StoodClock) -> AsyncIterator[Database]:
    """The same database, opened by another process."""
    opened = await open_database(database.url, clock, holder="second")
    yield opened
    await opened.close()


async def test_one_holds_the_lease_until_it_gives_it_back(database: Database, second: Database) -> None:
    assert await database.lease.acquire()
    assert not await second.lease.acquire()
    assert await database.lease.renew()
    await database.lease.release()

    assert await second.lease.acquire()
    assert not await database.lease.acquire()
    await second.lease.release()


async def test_of_many_who_ask_at_once_one_gets_it(database: Database, clock: StoodClock) -> None:
    opened = [await open_database(database.url, clock, holder=str(number)) for number in range(5)]

    got = await asyncio.gather(*(one.lease.acquire() for one in opened))

    assert got.count(True) == 1
    for one in opened:
        await one.lease.release()
        await one.close()


async def test_two_processes_without_a_lease_lose_and_double_nothing(
    database: Database, second: Database
) -> None:
    """Safe even so: commands of operators may write beside the bot."""
    await database.book.commit(people("anna", "bob") + Step(journals=(a_topup("t/1", "anna", 1000),)))
    spends = [Step(journals=(a_booking(f"b/{number}", "anna", "bob", 30),)) for number in range(40)]
    doubled = [book.commit(step) for step in spends for book in (database.book, second.book)]

    outcomes = await asyncio.gather(*doubled, return_exceptions=True)

    assert outcomes.count(None) == 33
    assert await database.book.balance("bob", "EUR") == euros(990)
    assert await ask_raw(database, "SELECT max(id), count(*) FROM journal") == [(34, 34)]
