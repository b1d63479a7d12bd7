"""Many who ask at the same time are answered in one trip, each with what they asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain.history import Mark
from paybridge.services.ports import BookUnavailableError, Step
from paybridge.storage import questions
from paybridge.storage.postgres.gathering import Gathered
from tests.fakes import postgres
from tests.fakes.database import START, name_of
from tests.fakes.records import a_topup, a_transfer, euros, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import asyncpg

    from paybridge.services.ports import Book
    from paybridge.storage.database import Database

ENGINES = ("postgres",)


class CountedTrips:
    """A connection that counts what it is asked, and waits with its answers while it is told to."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.trips = 0
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def fetch(self, asked: str, *values: object) -> Sequence[asyncpg.Record]:
        self.trips += 1
        self.begun.set()
        await self.let_go.wait()
        return list(await self._connection.fetch(asked, *values))


@pytest.fixture
async def trips(database: Database) -> AsyncIterator[CountedTrips]:
    connection = await postgres.connect(name_of(database))
    yield CountedTrips(connection)
    await connection.close()


def ids(answers: Sequence[Sequence[asyncpg.Record]]) -> list[list[Any]]:
    return [[row["id"] for row in rows] for rows in answers]


async def test_those_who_ask_the_same_at_the_same_time_share_a_trip(book: Book, trips: CountedTrips) -> None:
    await book.commit(people("anna", "bob"))
    gathered = Gathered(trips.fetch, 1)
    named = ("bob", "nobody", "anna", "bob")
    answers = await asyncio.gather(*(gathered.ask(questions.PERSON, {"id": name}) for name in named))

    assert ids(answers) == [["bob"], [], ["anna"], ["bob"]]
    assert trips.trips == 1


async def test_those_who_ask_while_a_trip_is_under_way_share_the_next(
    book: Book, trips: CountedTrips
) -> None:
    await book.commit(people("anna", "bob"))
    gathered = Gathered(trips.fetch, 1)
    trips.let_go.clear()
    first = asyncio.ensure_future(gathered.ask(questions.PERSON, {"id": "anna"}))
    await trips.begun.wait()
    later = [asyncio.ensure_future(gathered.ask(questions.PERSON, {"id": name})) for name in ("anna", "bob")]
    await asyncio.sleep(0)
    trips.let_go.set()

    assert ids(await asyncio.gather(first, *later)) == [["anna"], ["anna"], ["bob"]]
    assert trips.trips == 2


async def test_each_gets_their_own_rows_in_the_order_of_the_question(book: Book) -> None:
    await book.commit(people("anna", "bob", "carol"))
    for number in range(6):
        payer, created = ("anna", "bob")[number % 2], START + timedelta(minutes=number)
        one = replace(a_transfer(f"PB-{number}", payer=payer, payee="carol"), created=created)
        await book.commit(Step(records=(one,)))
    annas, nobodys, bobs, two = await asyncio.gather(
        book.history("anna", 9),
        book.history("nobody", 9),
        book.history("bob", 9),
        book.history("anna", 2, after=Mark(START + timedelta(minutes=4), "")),
    )

    assert [one.id for one in annas] == ["PB-4", "PB-2", "PB-0"]
    assert nobodys == []
    assert [one.id for one in bobs] == ["PB-5", "PB-3", "PB-1"]
    assert [one.id for one in two] == ["PB-2", "PB-0"]


async def test_a_fact_that_no_text_can_hold_is_its_own_callers_trouble(book: Book) -> None:
    await book.commit(people("anna") + Step(journals=(a_topup("t", "anna", 5),)))
    anna, nul, lone, balance = await asyncio.gather(
        book.person("anna"),
        book.person("nul\x00"),
        book.person("lone \udc80"),
        book.balance("anna", "EUR"),
        return_exceptions=True,
    )

    assert getattr(anna, "id", None) == "anna"
    assert isinstance(nul, BookUnavailableError)
    assert isinstance(lone, Exception)
    assert balance == euros(5)


async def test_one_who_gives_up_takes_nobody_along(book: Book, trips: CountedTrips) -> None:
    await book.commit(people("anna"))
    gathered = Gathered(trips.fetch, 1)
    trips.let_go.clear()
    impatient, patient = (
        asyncio.ensure_future(gathered.ask(questions.PERSON, {"id": "anna"})) for _ in range(2)
    )
    await trips.begun.wait()
    impatient.cancel()
    trips.let_go.set()

    assert ids([await patient]) == [["anna"]]
    await gathered.close()
