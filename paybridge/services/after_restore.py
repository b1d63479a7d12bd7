"""After a restore, each rail tells what it did since the backup before anything is sent to it again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain import leg as legs
from paybridge.domain.leg import LegHappening, LegKind, LegState
from paybridge.services.ports import (
    Book,
    Clock,
    Errand,
    Mailbox,
    NoStatementError,
    NotFound,
    Prepared,
    Rail,
    RailError,
    StaleError,
    Step,
    Unsure,
)
from paybridge.services.statement_check import SKEW, BooksBeside
from paybridge.services.statements import read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from paybridge.domain.facts import Fact, Facts
    from paybridge.domain.leg import Leg
    from paybridge.services.admin_room import AdminRoom

log = structlog.get_logger(__name__)

MARKER: Final = "restored"
"""The name under which the database remembers that it was restored; each rail that is done, under it."""

PATIENCE: Final = 5
"""So many times a rail may leave open what became of an order; then the order is unsure."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What the books remember of their restore: the last moment that they know of, and when it was done."""

    since: datetime
    at: datetime

    def written(self) -> str:
        """The value to remember under `MARKER`."""
        return json.dumps([self.since.isoformat(), self.at.isoformat()])


def read_marker(told: str) -> Restored:
    """What `written` wrote."""
    since, at = map(datetime.fromisoformat, json.loads(told))
    return Restored(since, at)


class AfterRestore:
    """Clears one rail after the other. Whatever ends it on the way, it begins anew and does nothing twice."""

    def __init__(
        self, *, book: Book, books: BooksBeside, mailbox: Mailbox, clock: Clock, admin: AdminRoom
    ) -> None:
        self._book = book
        self._books = books
        self._mailbox = mailbox
        self._clock = clock
        self._admin = admin
        self._unclear: Counter[str] = Counter()

    async def clear(self, name: str, rail: Rail) -> None:
        """Return once nothing waits to be sent that the rail knows; at once if nothing was restored.

        What it knows is asked about by the reconciler from then on. `RailError`: try again later.
        """
        marker = await self._mailbox.recall(MARKER)
        if marker is None or await self._mailbox.recall(f"{MARKER}/{name}") == marker:
            return
        if {LegKind.COLLECT, LegKind.PAYOUT, LegKind.DIRECT} & rail.capabilities().flows:
            await self._clear(name, rail, read_marker(marker))
        await self._mailbox.remember(f"{MARKER}/{name}", marker)

    async def _clear(self, name: str, rail: Rail, restored: Restored) -> None:
        moved = await self._moved_since(rail, restored)
        waiting = await self._waiting(name)
        known = 0
        for leg in waiting:
            if leg.id in (moved or ()) or await self._is_known(rail, leg):
                known += 1
                await self._have_asked(leg)
        facts: dict[str, Fact] = {
            "rail": name,
            "since": restored.since,
            "waiting": len(waiting),
            "known": known,
            "unread": ({},) if moved is None else (),
            "strange": await self._strange(moved or ()),
        }
        log.warning("compared after the restore", rail=name, waiting=len(waiting), known=known)
        await self._admin.say(f"{name}/restored/{restored.at.isoformat()}", "restored.compared", facts)

    async def _moved_since(self, rail: Rail, restored: Restored) -> Collection[str] | None:
        """The references of everything that the rail moved since the backup; None without a statement."""
        try:
            told = await read(rail, restored.since - SKEW)
        except NoStatementError:
            return None
        return {line.reference for line in told.lines if line.reference is not None}

    async def _waiting(self, name: str) -> Sequence[Leg]:
        ids = await self._book.open_legs(Errand.SEND, name)
        return [due.leg for due in await self._book.legs_on(Errand.SEND, ids)]

    async def _is_known(self, rail: Rail, leg: Leg) -> bool:
        """Whether the rail has been told to execute the order, or does not say."""
        match await rail.query(leg.id, leg.handle):
            case NotFound() | Prepared():
                return False
            case Unsure(reason=reason):
                self._unclear[leg.id] += 1
                if self._unclear[leg.id] < PATIENCE:
                    raise RailError(f"{leg.id}: {reason}")
                return True
            case _:
                return True

    async def _have_asked(self, leg: Leg) -> None:
        """It was executed before the restore, so that it is asked about and never sent."""
        told = leg
        if told.state is LegState.RESERVED:
            told, _ = legs.advance(told, LegHappening.PREPARE)
        told, _ = legs.advance(told, LegHappening.EXECUTE)
        try:
            await self._book.commit(Step(records=(replace(told, due=self._clock.now()),)))
        except StaleError as error:
            raise RailError(f"{leg.id} was moved meanwhile") from error

    async def _strange(self, moved: Collection[str]) -> tuple[Facts, ...]:
        """How many orders the rail has moved that the restored books do not know."""
        ours = {one.leg.id for one in await self._books.named(moved)}
        count = len(set(moved) - ours)
        return ({"count": count},) if count else ()
