"""On each engine a trip comes back as it was written, and keeps its terms; a room has one that is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.money import Money
from paybridge.domain.people import NOBODY
from paybridge.domain.split import How, Share, ShareState, Split, SplitState
from paybridge.domain.trip import Entry, Expense, ExpenseState, Part, Traveller, Trip, TripState
from paybridge.services.ports import StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import euros, people

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Record

TRIP = Trip(
    id="PB-RQME2",
    state=TripState.OPEN,
    opener="anna",
    currency="EUR",
    room="!room:test",
    created=START + timedelta(microseconds=1),
    expenses=2,
    name=b"sealed",
)
ANNA = Traveller("PB-RQME2/anna", TRIP.id, "anna", "@anna:test")
BOB = Traveller("PB-RQME2/bob", TRIP.id, "bob", "@bob:test")
RAMEN = Expense(
    id="PB-RQME2/1",
    trip=TRIP.id,
    number=1,
    writer="anna",
    amount=euros(24_40),
    spent=Money(4000, "JPY"),
    state=ExpenseState.COUNTED,
    created=START,
    rate="0.0061",
    note=b"sealed",
)
HERS = Part("PB-RQME2/1/anna", RAMEN.id, "anna", euros(24_40), euros(12_21), odd=True)
HIS = Part("PB-RQME2/1/bob", RAMEN.id, "bob", euros(0), euros(12_19))
TAXI = replace(
    RAMEN,
    id="PB-RQME2/2",
    number=2,
    amount=euros(5_00),
    spent=euros(5_00),
    rate=None,
    note=None,
    writer="bob",
)
ALL_BOBS = Part("PB-RQME2/2/bob", TAXI.id, "bob", euros(5_00), euros(5_00))


async def write(book: Book, *records: Record) -> None:
    await book.commit(Step(records=records))


@pytest.fixture
async def rome(book: Book) -> Book:
    await book.commit(people("anna", "bob"))
    await write(book, TRIP, ANNA, BOB, RAMEN, HERS, HIS, TAXI, ALL_BOBS)
    return book


async def test_every_field_comes_back_as_it_was_written(rome: Book) -> None:
    ramen = Entry(replace(RAMEN, version=1), (replace(HERS, version=1), replace(HIS, version=1)))
    taxi = Entry(replace(TAXI, version=1), (replace(ALL_BOBS, version=1),))

    assert await rome.trip(TRIP.id) == replace(TRIP, version=1)
    assert await rome.trip_in("!room:test") == replace(TRIP, version=1)
    assert await rome.travellers(TRIP.id) == [replace(ANNA, version=1), replace(BOB, version=1)]
    assert await rome.entries(TRIP.id) == [ramen, taxi]
    assert await rome.trip("PB-22222") is None
    assert await rome.trip_in("!other:test") is None


async def test_a_room_has_one_open_trip(rome: Book) -> None:
    with pytest.raises(StaleError):
        await write(rome, replace(TRIP, id="PB-PARS2"))

    await write(rome, replace(TRIP, state=TripState.SETTLED, version=1))
    await write(rome, replace(TRIP, id="PB-PARS2"))

    assert await rome.trip_in("!room:test") == replace(TRIP, id="PB-PARS2", version=1)


@pytest.mark.parametrize(
    "changed",
    [
        replace(TRIP, expenses=1, version=1),
        replace(RAMEN, state=ExpenseState.COUNTED, version=2),
    ],
)
async def test_what_would_undo_something_is_refused(rome: Book, changed: Record) -> None:
    await write(rome, replace(RAMEN, state=ExpenseState.REMOVED, version=1))

    with pytest.raises(StepRefusedError):
        await write(rome, changed)


async def test_a_trip_that_ended_stays_so(rome: Book) -> None:
    await write(rome, replace(TRIP, state=TripState.CLOSED, version=1))

    with pytest.raises(StepRefusedError):
        await write(rome, replace(TRIP, state=TripState.OPEN, version=2))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TAXI, id="PB-RQME2/3", number=3, rate="1.5"),
        replace(RAMEN, id="PB-RQME2/3", number=3, rate=None),
        replace(TAXI, id="PB-RQME2/3", number=3, spent=euros(6_00)),
        replace(TAXI, id="PB-RQME2/3", number=3, amount=euros(0), spent=euros(0)),
        replace(ALL_BOBS, id="PB-RQME2/2/x", person="x", owed=euros(-1)),
    ],
)
async def test_what_cannot_be_an_expense_is_refused(rome: Book, wrong: Record) -> None:
    with pytest.raises(StepRefusedError):
        await write(rome, wrong)


async def test_whoever_is_forgotten_is_named_by_none_and_what_they_wrote_is_gone(rome: Book) -> None:
    anna = await rome.person("anna")
    assert anna is not None
    await rome.commit(Step(records=(replace(anna, key=b"", frozen=START),), forgets=("anna",)))
    trip = await rome.trip(TRIP.id)
    assert trip is not None

    assert trip.name is None
    assert [one.mxid for one in await rome.travellers(TRIP.id)] == ["@bob:test", NOBODY]
    assert [one.expense.note for one in await rome.entries(TRIP.id)] == [None, None]
    assert (await rome.entries(TRIP.id))[0].parts[0].paid == euros(24_40)


async def test_a_split_keeps_the_trip_that_it_settles(rome: Book) -> None:
    split = Split(
        "PB-SPXT2", SplitState.OPEN, "anna", "@anna:test", euros(12_19), "!room:test", START, trip=TRIP.id
    )
    share = Share("PB-SPXT2/0", split.id, "bob", "@bob:test", How.EXACT, 1219, euros(12_19), ShareState.CASH)
    await write(rome, split, share)

    assert await rome.split(split.id) == replace(split, version=1)
