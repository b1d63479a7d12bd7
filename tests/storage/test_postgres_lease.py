"""On PostgreSQL a lease runs out, and whoever was replaced can write no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from paybridge.services.lease import FencedError
from paybridge.services.ports import Step
from paybridge.storage.database import open_database
from tests.fakes import postgres
from tests.fakes.database import name_of
from tests.fakes.records import a_booking, a_topup, euros, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.storage.database import Database
    from tests.fakes.database import StoodClock


ENGINES = ("postgres",)


@pytest.fixture
async def second(database: Database, clock: StoodClock) -> AsyncIterator[Database]:
    """The same database, opened by another process."""
    opened = await open_database(database.url, clock, holder="second")
    yield opened
    await opened.close()


async def run_out(database: Database) -> None:
    """What time does: the lease is over, its holder does not know."""
    connection = await postgres.connect(name_of(database))
    await connection.execute("UPDATE lease SET until = 0")
    await connection.close()


async def test_who_waits_for_the_lease_writes_nothing(database: Database, second: Database) -> None:
    assert await database.lease.acquire()

    with pytest.raises(FencedError):
        await second.book.commit(people("anna"))
    assert await second.book.person("anna") is None


async def test_who_was_replaced_without_knowing_writes_nothing_more(
    database: Database, second: Database
) -> None:
    assert await database.lease.acquire()
    await database.book.commit(people("anna") + Step(journals=(a_topup("t/1", "anna", 100),)))
    await run_out(database)
    assert await second.lease.acquire()

    late = [Step(journals=(a_booking(f"b/{number}", "anna", "bob", 1),)) for number in range(8)]
    outcomes = await asyncio.gather(*map(database.book.commit, late), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {FencedError}
    assert not await database.lease.renew()
    await second.book.commit(Step(journals=(a_booking("b/1", "anna", "bob", 1),)))
    assert await second.book.balance("anna", "EUR") == euros(99)


async def test_a_lease_that_ran_out_is_still_its_holders_while_nobody_takes_it(database: Database) -> None:
    assert await database.lease.acquire()
    await run_out(database)

    await database.book.commit(people("anna"))
    assert await database.lease.renew()


async def test_a_holder_that_was_killed_gets_its_own_lease_back(
    database: Database, clock: StoodClock
) -> None:
    assert await database.lease.acquire()
    again = await open_database(database.url, clock)
    assert await again.lease.acquire()

    with pytest.raises(FencedError):
        await database.book.commit(people("anna"))
    await again.book.commit(people("anna"))
    await again.close()
