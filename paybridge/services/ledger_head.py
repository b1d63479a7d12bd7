"""Once a day the ledger is audited, and operators are told its last hash, which proves the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from paybridge.services.figures import LedgerStands

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date, datetime

    from paybridge.domain.facts import Facts
    from paybridge.services.admin_room import AdminRoom
    from paybridge.services.ports import Clock
    from paybridge.services.premises import Audited

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 600.0
AUDITED_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Head:
    """How many journals there are, and the hash of the last one in hex."""

    journals: int
    hash: str


class HeadBeside(Protocol):
    """The ledger as it is at a moment."""

    async def head(self) -> Head | None:
        """The end of its chain; None if nothing was ever booked."""

    async def audit(self) -> Audited:
        """Every row of it, read and summed anew."""


class LedgerHead:
    """Says the head on each day (UTC) once, and audits once a day; `pause` waits for seconds.

    What the last audit found, also one that operators asked for, stands in `stands`, for whoever watches.
    """

    def __init__(
        self,
        books: HeadBeside,
        clock: Clock,
        admin: AdminRoom,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._books = books
        self._clock = clock
        self._admin = admin
        self._pause = pause
        self._said: date | None = None
        self.stands: LedgerStands | None = None

    async def run(self) -> None:
        """Do both for ever. The first audit comes after a while: it shall not slow down a start."""
        while True:
            await self.look()
            await self._pause(LOOK_SECONDS)
            await self.audit()

    async def look(self) -> None:
        """Say it if it was not said today."""
        today = self._clock.now().date()
        if today == self._said or (head := await self._books.head()) is None:
            return
        await self._admin.say(f"head/{today}", "ledger.head", {"journals": head.journals, "head": head.hash})
        self._said = today

    async def audit(self) -> None:
        """Audit if that was not done for a day, and tell operators what is wrong."""
        now = self._clock.now()
        if self.stands is not None and now - self.stands.audited < AUDITED_EVERY:
            return
        found = await self._books.audit()
        self.note(now, found)
        log.info("ledger audited", journals=found.journals, problems=len(found.problems))
        if found.problems:
            log.error("the ledger is not sound", problem=found.problems[0])
            facts: Facts = {"problem": found.problems[0], "problems": len(found.problems)}
            await self._admin.say(f"audit/{now.date()}", "ledger.unsound", facts)

    def note(self, began: datetime, found: Audited) -> None:
        """Keep what an audit found that began then, whoever asked for it; a newer one stays."""
        if self.stands is None or self.stands.audited <= began:
            self.stands = LedgerStands(began, len(found.problems))
