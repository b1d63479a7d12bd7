"""One of several processes acts; another takes its place when it ends, and who was replaced stops."""

from __future__ import annotations

import asyncio

import pytest

from paybridge.app.supervisor import FatalError
from paybridge.app.turn import Turn
from paybridge.services.ports import BookUnavailableError

YES, NO = True, False


class Told:
    """A lease that answers what it is told to, in turn."""

    span = 9.0

    def __init__(self, *answers: bool | Exception) -> None:
        self._answers = list(answers)
        self.released = False

    async def acquire(self) -> bool:
        return self._next()

    async def renew(self) -> bool:
        return self._next()

    async def release(self) -> None:
        self.released = True

    def _next(self) -> bool:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


async def test_nothing_begins_before_the_turn_has_come() -> None:
    begun: list[str] = []

    async def act() -> None:
        begun.append("acted")

    paused: list[bool] = []

    async def look(_seconds: float) -> None:
        paused.append(turn.waiting)
        await asyncio.sleep(0)

    turn = Turn(Told(NO, NO, YES, NO), look)
    (task,) = turn.when_it_comes({"courier": act}).values()
    acting = asyncio.ensure_future(task())
    with pytest.raises(FatalError, match="taken the database over"):
        await turn.run()
    await acting

    assert paused == [True, True, False]
    assert begun == ["acted"]


async def test_a_database_that_is_away_ends_no_turn() -> None:
    turn = Turn(Told(YES, BookUnavailableError("away"), YES, NO), no_pause)
    with pytest.raises(FatalError):
        await turn.run()

    assert not turn.waiting


async def test_who_could_not_renew_for_as_long_as_the_lease_is_lent_is_sure_no_more() -> None:
    sure: list[bool] = []
    now = 0.0

    async def three_seconds(_seconds: float) -> None:
        nonlocal now
        now += 3.0
        sure.append(turn.sure)
        await asyncio.sleep(0)

    away = BookUnavailableError("away")
    turn = Turn(Told(NO, YES, away, away, away, YES, NO), three_seconds, lambda: now)
    with pytest.raises(FatalError):
        await turn.run()

    assert sure == [False, True, True, False, False, True]


async def test_who_ends_lets_the_next_one_follow() -> None:
    lease = Told()
    await Turn(lease, no_pause).end()

    assert lease.released
