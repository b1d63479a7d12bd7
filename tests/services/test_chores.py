"""What falls due is done one by one; what fails is set aside for a while, and holds up nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.services.chores import AT_ONCE, WAIT_FOR_OTHERS, Chores
from paybridge.services.lanes import SHORTEST_WAIT
from paybridge.services.ports import BookUnavailableError, StaleError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Watch:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


class EndedError(Exception):
    """The bell has rung often enough."""


class CountingBell:
    """Writes down how long somebody would have waited, and ends it after so many times."""

    def __init__(self, most: int) -> None:
        self.waited: list[float | None] = []
        self._most = most

    async def wait(self, patience: float | None, /) -> object:
        self.waited.append(patience)
        if len(self.waited) == self._most:
            raise EndedError
        return None

    def ring(self) -> None:
        raise AssertionError("nobody rings here")


class Ledger:
    """Chores of a test: each name has the error that it ends with, if any; what was tried is written down."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.chores = Chores(
            self.watch, lambda tries: tries * MINUTE, (StaleError,), done="swept", what="room"
        )
        self.tried: list[str] = []

    async def do(self, name: str, error: Exception | None = None) -> None:
        async def chore() -> None:
            self.tried.append(name)
            if error is not None:
                raise error

        await self.chores.do(name, chore)


def at(moment: datetime | None) -> Callable[[], Awaitable[datetime | None]]:
    async def next_due() -> datetime | None:
        return moment

    return next_due


async def test_what_failed_is_left_alone_for_its_time_while_others_are_done() -> None:
    ledger = Ledger()
    await ledger.do("hall", ValueError("dust"))
    ledger.chores.limit()
    await ledger.do("hall")
    await ledger.do("attic")
    before = list(ledger.tried)
    ledger.watch.time += MINUTE
    ledger.chores.limit()
    await ledger.do("hall")

    assert before == ["hall", "attic"]
    assert ledger.tried == ["hall", "attic", "hall"]


async def test_each_failure_is_followed_by_a_longer_pause_until_it_is_done_once() -> None:
    ledger = Ledger()

    async def pause_after(error: Exception | None) -> int:
        await ledger.do("hall", error)
        minutes = 0
        while ledger.chores.limit() > AT_ONCE:
            ledger.watch.time += MINUTE
            minutes += 1
        return minutes

    pauses = [await pause_after(error) for error in (ValueError(), ValueError(), None, ValueError())]

    assert pauses == [1, 2, 0, 1]


async def test_what_is_set_aside_leaves_room_for_as_many_others() -> None:
    ledger = Ledger()
    await ledger.do("hall", ValueError())
    await ledger.do("attic", ValueError())

    assert ledger.chores.limit() == AT_ONCE + 2


async def test_whom_somebody_was_before_is_not_set_aside() -> None:
    ledger = Ledger()
    await ledger.do("hall", StaleError("somebody swept it"))

    assert ledger.chores.limit() == AT_ONCE


async def test_without_a_book_nothing_is_set_aside_and_it_is_said() -> None:
    ledger = Ledger()
    with pytest.raises(BookUnavailableError):
        await ledger.do("hall", BookUnavailableError("away"))

    assert ledger.chores.limit() == AT_ONCE


async def test_it_waits_for_the_next_one_and_looks_only_when_that_is_due() -> None:
    ledger = Ledger()
    looks: list[datetime] = []

    async def look() -> None:
        looks.append(ledger.watch.time)

    async def waited(moment: datetime | None) -> list[float | None]:
        bell = CountingBell(1)
        with pytest.raises(EndedError):
            await ledger.chores.run(at(moment), look, bell)
        return bell.waited

    nothing, later = await waited(None), await waited(NOON + MINUTE)
    before = list(looks)
    due = await waited(NOON - MINUTE)

    assert (nothing, later, before) == ([None], [60.0], [])
    assert (due, looks) == ([SHORTEST_WAIT], [NOON])


async def test_while_something_is_set_aside_the_next_look_is_not_at_once() -> None:
    ledger = Ledger()

    async def look() -> None:
        ledger.chores.limit()
        await ledger.do("hall", ValueError())

    bell = CountingBell(2)
    with pytest.raises(EndedError):
        await ledger.chores.run(at(NOON), look, bell)

    assert bell.waited == [WAIT_FOR_OTHERS, WAIT_FOR_OTHERS]
    assert ledger.tried == ["hall"]
