"""PostgreSQL that stops, starts and cuts connections fails the callers closed, and loses nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.services.ports import (
    AlreadyDoneError,
    BookUnavailableError,
    Letter,
    OverdraftError,
    StaleError,
    Step,
    StepRefusedError,
)
from paybridge.storage.postgres.core import portions
from paybridge.storage.works import BindSeen, FinishLetter, MarkSent, Remember, WriteStep
from tests.fakes import postgres
from tests.fakes.database import START, ask_raw, name_of
from tests.fakes.records import a_booking, a_link, a_person, a_topup, euros, people

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Mailbox
    from paybridge.storage.database import Database
    from paybridge.storage.works import Work

ENGINES = ("postgres",)


async def cut(database: Database) -> None:
    """End every connection to the database, as a server does that is told to."""
    connection = await postgres.connect("postgres")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name_of(database)
    )
    await connection.close()


async def test_connections_that_were_cut_are_made_again(database: Database) -> None:
    await database.book.commit(people("anna"))
    assert await database.book.person("anna") is not None
    await cut(database)

    # It may be told of the cut first, and then it is tried afresh next time.
    outcomes = await asyncio.gather(database.book.commit(people("bob")), return_exceptions=True)
    if isinstance(outcomes[0], BookUnavailableError):
        await database.book.commit(people("bob"))
    assert await database.book.person("bob") is not None


async def test_cuts_under_load_lose_and_double_nothing(database: Database) -> None:
    await database.book.commit(people("payer") + Step(journals=(a_topup("t", "payer", 10_000),)))
    acknowledged: set[str] = set()

    async def pay(name: str) -> None:
        step = Step(records=(a_person(name),), journals=(a_booking(name, "payer", "payee", 1),))
        while name not in acknowledged:
            try:
                await database.book.commit(step)
            except BookUnavailableError:
                continue
            except (AlreadyDoneError, StaleError):
                assert await database.book.person(name) is not None
            acknowledged.add(name)

    async def cut_again_and_again() -> None:
        for _ in range(8):
            await cut(database)

    names = [f"p{number}" for number in range(200)]
    await asyncio.gather(*map(pay, names), cut_again_and_again())

    assert acknowledged == set(names)
    assert await database.book.balance("payee", "EUR") == euros(200)
    (counted,) = await ask_raw(database, "SELECT count(*), max(id) FROM journal")
    assert counted == (201, 201)


async def test_a_server_that_stopped_fails_its_callers_and_is_found_again(database: Database) -> None:
    await database.book.commit(people("anna"))
    await postgres.stop()
    try:
        with pytest.raises(BookUnavailableError):
            await database.book.commit(people("bob"))
        with pytest.raises(BookUnavailableError):
            await database.book.person("anna")
        with pytest.raises(BookUnavailableError):
            await database.lease.acquire()
    finally:
        await postgres.start()
    await database.book.commit(people("bob"))

    assert await database.book.person("anna") is not None
    assert await database.book.person("bob") is not None


async def test_a_caller_that_gives_up_takes_nobody_along(book: Book) -> None:
    impatient = asyncio.ensure_future(book.commit(people("anna")))
    patient = asyncio.ensure_future(book.commit(people("bob")))
    impatient.cancel()
    await patient

    assert await book.person("bob") is not None


async def test_in_one_batch_each_has_the_outcome_that_it_has_alone(book: Book) -> None:
    await book.commit(people("anna", "bob") + Step(journals=(a_topup("t/1", "anna", 100),)))
    await book.commit(Step(records=(a_link("old", "anna", is_default=True),)))
    old = await book.link("old")
    assert old is not None
    steps = [
        Step(journals=(a_booking("b/1", "anna", "bob", 60),)),
        Step(journals=(a_booking("b/2", "anna", "bob", 60),)),
        Step(journals=(a_booking("b/1", "anna", "bob", 1),)),
        Step(records=(replace(old, is_default=False), a_link("new", "anna", is_default=True))),
        Step(records=(replace(old, masked="late"),)),
        people("carol"),
        people("carol"),
        Step(records=(a_person("nul\x00"),)),
        Step(journals=(a_booking("b/3", "anna", "bob", 40),)),
    ]
    outcomes = await asyncio.gather(*map(book.commit, steps), return_exceptions=True)

    told = [type(outcome) for outcome in outcomes]
    done = type(None)
    assert told[:7] == [done, OverdraftError, AlreadyDoneError, done, StaleError, done, StaleError]
    assert isinstance(outcomes[7], Exception)
    assert not isinstance(outcomes[7], (BookUnavailableError, StepRefusedError))
    assert told[8] is done
    assert await book.balance("bob", "EUR") == euros(100)


async def test_an_id_that_no_text_can_hold_stops_no_other_letter(mailbox: Mailbox) -> None:
    letters = [Letter(event, "!room:test", "@anna:test", START, b"sealed") for event in ("$1", "$\x00", "$2")]

    assert await mailbox.receive(letters, "s1") == ["$1", "$2"]
    assert await mailbox.sync_token() == "s1"


def test_what_touches_the_same_comes_in_a_later_portion() -> None:
    works: list[Work] = [
        BindSeen("key", "$1"),
        WriteStep(Step(done=("$1",))),
        FinishLetter("$2"),
        FinishLetter("$1"),
        MarkSent("p1", "$1", "!room"),
        Remember("a", "1"),
        Remember("a", "2"),
        WriteStep(people("anna")),
        WriteStep(people("anna")),
    ]

    assert portions(works) == [[0, 1, 2], [3, 4, 5], [6, 7], [8]]
