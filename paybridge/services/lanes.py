"""Lanes: each rail's due legs are driven beside those of the others, so many at once, no leg by two."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from structlog.contextvars import bound_contextvars

from paybridge.services.ports import Book, Clock, Due, Errand, Rail, StaleError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

SHORTEST_WAIT: Final = 0.01
_BATCHES: Final = 4
"""So many times the legs that a lane drives at once are read together."""

Drive = Callable[[Due, Rail], Awaitable[None]]


class Bell(Protocol):
    """Rings when there may be work."""

    async def wait(self, patience: float | None, /) -> object:
        """Return when it rings, or after `patience` seconds."""

    def ring(self) -> None:
        """Wake whoever waits, or the next one who does."""


@dataclass(slots=True)
class _Lane:
    """One rail's. `woken` says that all its legs shall be looked at, whatever their time: the `backlog`."""

    woken: bool = True
    backlog: deque[str] = field(default_factory=deque)
    ready: deque[Due] = field(default_factory=deque)
    driving: set[str] = field(default_factory=set)
    workers: int = 0


class Lanes:
    """Finds what is due on one errand and has it driven.

    `at_once` bounds each rail's lane, so that one that hangs keeps no other from being served.
    """

    def __init__(
        self,
        book: Book,
        clock: Clock,
        rails: Mapping[str, Rail],
        outcomes: Outcomes,
        bell: Bell,
        errand: Errand,
        at_once: int,
    ) -> None:
        self._book = book
        self._clock = clock
        self._rails = rails
        self._outcomes = outcomes
        self._bell = bell
        self._errand = errand
        self._at_once = at_once
        self._lanes: dict[str, _Lane] = {}

    @property
    def driving(self) -> Collection[str]:
        """The ids of the legs that are being driven now."""
        return frozenset[str]().union(*(lane.driving for lane in self._lanes.values()))

    async def run(self, drive: Drive, elsewhere: Callable[[], Collection[str]] = tuple) -> None:
        """Work for ever. First everything that a crash left open, then what falls due.

        A rail that is not there yet is served from when it is: its legs are left as they are until then.
        `elsewhere` are legs that are in somebody else's hands, which only their time brings here.
        """
        self._lanes.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                now = self._clock.now()
                for name in tuple(self._rails):
                    await self._fill(group, drive, name, now, elsewhere)
                await self._bell.wait(await self._patience(now))

    async def settle_down(self, drive: Drive) -> None:
        """Drive every leg that is due now, once, and return when all have been (for tests and tools)."""
        now = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for name in tuple(self._rails):
                lane = self._lanes.setdefault(name, _Lane(woken=False))
                lane.ready.extend(await self._book.due_legs(self._errand, name, now, self._at_once * 100))
                self._put_to_work(group, drive, name)

    def wake(self, rail: str) -> None:
        """All legs of this rail are looked at now, whatever their time."""
        self._lanes.setdefault(rail, _Lane()).woken = True
        self._bell.ring()

    async def _patience(self, since: datetime) -> float | None:
        """Seconds until the next leg is due; what was due at `since` has been read, or waits for its rail."""
        due = await self._book.next_due(self._errand, since)
        return None if due is None else max((due - self._clock.now()).total_seconds(), SHORTEST_WAIT)

    async def _fill(
        self,
        group: asyncio.TaskGroup,
        drive: Drive,
        rail: str,
        now: datetime,
        elsewhere: Callable[[], Collection[str]],
    ) -> None:
        lane = self._lanes.setdefault(rail, _Lane())
        if lane.ready or lane.workers >= self._at_once:
            return
        if lane.woken:
            lane.woken = False
            lane.backlog = deque(await self._book.open_legs(self._errand, rail))
        while lane.backlog and not lane.ready:
            batch = [lane.backlog.popleft() for _ in range(min(self._batch, len(lane.backlog)))]
            taken = lane.driving.union(elsewhere())
            lane.ready.extend(
                await self._book.legs_on(self._errand, [leg for leg in batch if leg not in taken])
            )
        if not lane.ready:
            found = await self._book.due_legs(self._errand, rail, now, self._batch)
            lane.ready.extend(due for due in found if due.leg.id not in lane.driving)
        self._put_to_work(group, drive, rail)

    @property
    def _batch(self) -> int:
        return self._at_once * _BATCHES

    def _put_to_work(self, group: asyncio.TaskGroup, drive: Drive, rail: str) -> None:
        lane = self._lanes[rail]
        for _ in range(min(self._at_once - lane.workers, len(lane.ready))):
            lane.workers += 1
            group.create_task(self._work(lane, drive, rail), name=f"{self._errand} {rail}")

    async def _work(self, lane: _Lane, drive: Drive, rail: str) -> None:
        try:
            while lane.ready:
                due = lane.ready.popleft()
                lane.driving.add(due.leg.id)
                try:
                    await self._drive(due, drive, self._rails[rail])
                finally:
                    lane.driving.discard(due.leg.id)
        finally:
            lane.workers -= 1
            self._bell.ring()

    async def _drive(self, due: Due, drive: Drive, rail: Rail) -> None:
        with bound_contextvars(payment=due.leg.transfer):
            await self._drive_known(due, drive, rail)

    async def _drive_known(self, due: Due, drive: Drive, rail: Rail) -> None:
        try:
            await drive(due, rail)
        except StaleError:
            # Somebody else moved the leg, a webhook's hint say: what they wrote stands.
            log.info("leg moved meanwhile", leg=due.leg.id)
        except Exception:
            log.exception("leg not driven", leg=due.leg.id)
            # Who moves it in this very moment has its next time written already.
            with contextlib.suppress(StaleError):
                await self._outcomes.postpone(due.leg.id)
