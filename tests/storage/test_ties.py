"""On each engine a tie comes back as it was written, and a ghost is one person's at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.tie import Guesses, Tie, TieState, Why, claimed, ended, stopped, tied
from paybridge.services.ports import StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import people

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Record

OFFERED = Tie(
    id="one",
    person="anna",
    mxid="@anna:test",
    bridge="irc",
    code="a" * 64,
    state=TieState.OFFERED,
    created=START,
    expires=START + timedelta(minutes=10),
)
OTHERS = replace(OFFERED, id="two", person="bob", mxid="@bob:test", code="b" * 64)
IRIS = "@irc_iris:test"


async def write(book: Book, *records: Record) -> None:
    await book.commit(Step(records=records))


async def newest(book: Book, person: str) -> Tie:
    return (await book.ties.of_person(person))[-1]


async def through(book: Book, tie: Tie) -> None:
    """Have the ghost say its code, and the person confirm."""
    await write(book, tie)
    said = claimed(await newest(book, tie.person), IRIS, "!room:test", b"seat", START)
    await write(book, said)
    await write(book, tied(await newest(book, tie.person), None, START))


async def test_every_field_comes_back_as_it_was_written(book: Book) -> None:
    await book.commit(people("anna", "was"))
    await write(book, OFFERED)
    said = claimed(await newest(book, "anna"), IRIS, "!room:test", b"seat", START)
    await write(book, said)
    mine = tied(await newest(book, "anna"), "was", START)
    await write(book, mine)
    over = stopped(await newest(book, "anna"), Why.LEFT, None)
    await write(book, over)

    assert await book.ties.of_ghost(IRIS) == replace(over, version=over.version + 1)
    assert await book.ties.formers("anna") == ["was"]
    assert await book.ties.heir("was") == "anna"


async def test_of_two_people_who_confirm_one_ghost_at_once_one_has_it(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    await through(book, OFFERED)

    with pytest.raises(StaleError):
        await through(book, OTHERS)

    found = await book.ties.of_ghost(IRIS)
    assert found is not None
    assert found.person == "anna"


async def test_what_is_over_stays_over(book: Book) -> None:
    await book.commit(people("anna"))
    await through(book, OFFERED)
    await write(book, ended(await newest(book, "anna")))

    with pytest.raises(StepRefusedError):
        await write(book, replace(await newest(book, "anna"), state=TieState.TIED))

    assert await book.ties.of_ghost(IRIS) is None


async def test_wrong_codes_are_counted_for_each_ghost(book: Book) -> None:
    await write(book, Guesses(IRIS, 1, START))
    first = await book.ties.guesses(IRIS)
    assert first is not None
    await write(book, first.another(START))

    assert await book.ties.guesses(IRIS) == Guesses(IRIS, 2, START, version=first.version + 1)
    assert await book.ties.guesses("@irc_other:test") is None
