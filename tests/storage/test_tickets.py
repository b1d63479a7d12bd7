"""On each engine tickets come back as they were written, never more than places, each used once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from paybridge.domain.ticket import (
    Booking,
    BookingState,
    Doorkeeper,
    Gig,
    GigState,
    TicketState,
    Wait,
    WaitState,
    tickets_of,
)
from paybridge.services.ports import Book, StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import a_transfer, euros, people
from tests.storage.test_shops import SHOP

GIG = Gig("EV-1", "shop", GigState.OPEN, b"sealed", euros(1500), 3, "!gig:test", START, START, START)
ORDERS = 5


async def opened(book: Book) -> None:
    """Five orders of a ticket each, where there are three places."""
    await book.commit(people("anna", "bob"))
    await book.commit(Step(records=(SHOP, GIG)))
    for number in range(ORDERS):
        name = f"PB-{number}"
        await book.commit(Step(records=(a_transfer(name), Booking(name, "EV-1", "bob", 1, 1500))))


async def booking(book: Book, name: str = "PB-0") -> Booking:
    found = await book.booking(name)
    assert found is not None
    return found


async def held(book: Book) -> int:
    found = await book.gig("EV-1")
    assert found is not None
    return found.held


async def is_written(book: Book, step: Step) -> bool:
    try:
        await book.commit(step)
    except StaleError:
        return False
    return True


async def take(book: Book, name: str, state: BookingState = BookingState.TAKEN) -> bool:
    """Hold the places, and issue the tickets in the same step."""
    found = await booking(book, name)
    issued = tickets_of(found) if state is BookingState.TAKEN else ()
    return await is_written(book, Step(records=(replace(found, state=state), *issued)))


async def test_every_field_comes_back_as_it_was_written(book: Book) -> None:
    await opened(book)
    keeper = Doorkeeper("EV-1/anna", "EV-1", "anna", there=True)
    wait = Wait("w", "EV-1", "anna", WaitState.WAITING, START)
    await book.commit(Step(records=(keeper, wait)))
    assert await take(book, "PB-0")
    (ticket,) = await book.tickets("PB-0")
    used = replace(ticket, state=TicketState.USED, used_at=START, used_by="anna")
    await book.commit(Step(records=(used,)))

    assert await book.gigs_of("shop") == [replace(GIG, held=1, version=2)]
    assert await booking(book) == Booking("PB-0", "EV-1", "bob", 1, 1500, BookingState.TAKEN, version=2)
    assert await book.tickets_for("EV-1") == [replace(used, version=2)]
    assert await book.doorkeepers("EV-1") == [replace(keeper, version=1)]
    assert await book.wait("EV-1", "anna") == replace(wait, version=1)
    assert await book.tickets_held_by("bob") == []


async def test_of_orders_at_once_as_many_are_written_as_there_are_places(book: Book) -> None:
    await opened(book)
    written = await asyncio.gather(*(take(book, f"PB-{number}") for number in range(ORDERS)))

    assert written.count(True) == 3
    assert await held(book) == 3
    assert len(await book.tickets_for("EV-1")) == 3


async def test_a_refused_order_frees_its_places_and_one_with_tickets_does_not(book: Book) -> None:
    await opened(book)
    await book.commit(Step(records=(replace(await booking(book), state=BookingState.TAKEN),)))
    assert await take(book, "PB-0", BookingState.BACK)
    assert await held(book) == 0
    assert await take(book, "PB-1")

    with pytest.raises(StepRefusedError):
        await take(book, "PB-1", BookingState.BACK)
    with pytest.raises(StepRefusedError):
        await take(book, "PB-0")
    assert await held(book) == 1


async def test_no_ticket_is_made_without_a_place_or_twice(book: Book) -> None:
    await opened(book)
    (ticket,) = tickets_of(await booking(book))

    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(ticket,)))

    assert await take(book, "PB-0")
    for bad in (ticket, replace(ticket, id="PB-0-2", number=2), replace(ticket, id="x", booking="PB-1")):
        with pytest.raises(StepRefusedError):
            await book.commit(Step(records=(bad,)))


async def test_of_two_doors_at_once_one_lets_in(book: Book) -> None:
    await opened(book)
    assert await take(book, "PB-0")
    (ticket,) = await book.tickets("PB-0")
    doors = [replace(ticket, state=TicketState.USED, used_at=START, used_by=who) for who in ("anna", "bob")]
    let_in = await asyncio.gather(*(is_written(book, Step(records=(door,))) for door in doors))

    assert sorted(let_in) == [False, True]
    (used,) = await book.tickets("PB-0")
    for after in (
        replace(used, state=TicketState.VALID, used_at=None, used_by=None),
        replace(used, state=TicketState.REFUNDED, used_at=None, used_by=None),
        replace(used, used_by="somebody else"),
        replace(used, holder="anna", turn=1),
    ):
        with pytest.raises(StepRefusedError):
            await book.commit(Step(records=(after,)))


async def test_a_ticket_changes_hands_with_its_next_turn_and_frees_its_place_when_it_is_given_back(
    book: Book,
) -> None:
    await opened(book)
    assert await take(book, "PB-0")
    (ticket,) = await book.tickets("PB-0")
    for bad in (replace(ticket, holder="anna"), replace(ticket, holder="anna", turn=2)):
        with pytest.raises(StepRefusedError):
            await book.commit(Step(records=(bad,)))
    await book.commit(Step(records=(replace(ticket, holder="anna", turn=1),)))
    (theirs,) = await book.tickets_held_by("anna")
    await book.commit(Step(records=(replace(theirs, state=TicketState.REFUNDED),)))

    assert await held(book) == 0
    assert await book.tickets_held_by("anna") == []


async def test_an_offer_holds_its_place_until_it_is_taken_or_lapses(book: Book) -> None:
    await opened(book)
    for number in range(2):
        assert await take(book, f"PB-{number}")
    for who in ("anna", "bob"):
        await book.commit(Step(records=(Wait(who, "EV-1", who, WaitState.WAITING, START),)))
    later = START + timedelta(minutes=30)
    anna, bob = await book.to_be_offered(START, 10)
    await book.commit(Step(records=(replace(anna, state=WaitState.OFFERED, until=later),)))
    full, waiting = await held(book), await book.to_be_offered(START, 10)
    too_many = await is_written(book, Step(records=(replace(bob, state=WaitState.OFFERED, until=later),)))
    (offered,) = await book.lapsed_offers(later, 10)
    mine = replace(await booking(book, "PB-2"), state=BookingState.TAKEN)
    taken = replace(offered, state=WaitState.DONE, booking="PB-2")
    await book.commit(Step(records=(taken, mine, *tickets_of(mine))))

    assert (full, waiting, too_many) == (3, [], False)
    assert await held(book) == 3
    assert await book.next_offer_end() is None
    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(Wait("again", "EV-1", "bob", WaitState.WAITING, START),)))


async def test_an_offer_that_lapses_frees_its_place(book: Book) -> None:
    await opened(book)
    await book.commit(Step(records=(Wait("anna", "EV-1", "anna", WaitState.WAITING, START),)))
    (anna,) = await book.waiting("EV-1")
    await book.commit(Step(records=(replace(anna, state=WaitState.OFFERED, until=START),)))
    during, end = await held(book), await book.next_offer_end()
    (offered,) = await book.lapsed_offers(START, 10)
    await book.commit(Step(records=(replace(offered, state=WaitState.GONE),)))

    assert (during, end, await held(book)) == (1, START, 0)
    assert await book.wait("EV-1", "anna") is None
