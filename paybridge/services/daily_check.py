"""Once a day: the books against each rail's statement, and what does not agree said to the operators."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain.leg import LegKind
from paybridge.services import checks_kept
from paybridge.services.checks_kept import Kept
from paybridge.services.figures import StatementStands
from paybridge.services.ports import (
    Clock,
    Mailbox,
    NoStatementError,
    Rail,
    RailError,
    RailEvent,
)
from paybridge.services.reconciliation import Match
from paybridge.services.statement_check import BooksBeside, Checked, Difference, check, without

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from paybridge.domain.facts import Fact, Facts
    from paybridge.services.admin_room import AdminRoom

log = structlog.get_logger(__name__)

TRY_AGAIN: Final = timedelta(hours=1)
SHORTEST_SLEEP: Final = timedelta(seconds=10)
"""How often it is looked whether a rail that has not proven itself is there at last."""

LONGEST_SLEEP: Final = timedelta(hours=1)
TO_BE_HEARD: Final = timedelta(seconds=60)
"""How long a rail that was asked about what differs has until that is compared once more."""

SAID_FROM: Final = 3
"""So many times in a row a rail must not have answered until operators hear of it."""

MOST_SAID: Final = 20
"""Differences that one message lists."""

CLASSES: Final = tuple(match for match in Match if not match.closes_itself)

NO_STATEMENT: Final = "it has no statement"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often statements are compared, and how far back each time: further than since the last time."""

    every: timedelta
    overlap: timedelta


class DailyCheck:
    """Compares each of the rails `names`; `hint` has a rail asked about an order, `pause` waits for seconds.

    `closed` are the codes of differences that operators have settled by hand: these are none any more.
    What is kept of each rail stands in `standing`, for whoever watches.
    """

    def __init__(  # noqa: PLR0913 - the ports, and who is told
        self,
        *,
        books: BooksBeside,
        mailbox: Mailbox,
        clock: Clock,
        rails: Mapping[str, Rail],
        names: Collection[str],
        admin: AdminRoom,
        hint: Callable[[RailEvent], Awaitable[None]],
        pause: Callable[[float], Awaitable[None]],
        rhythm: Rhythm,
        closed: Collection[str] = (),
    ) -> None:
        self._books = books
        self._mailbox = mailbox
        self._clock = clock
        self._rails = rails
        self._names = sorted(names)
        self._admin = admin
        self._hint = hint
        self._pause = pause
        self._rhythm = rhythm
        self._closed = closed
        self._began: datetime | None = None
        self.standing: dict[str, Kept] = {}
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Compare for ever, each rail when its time has come."""
        for name in self._names:
            if (kept := await checks_kept.recall(self._mailbox, name)) is not None:
                self.standing[name] = kept
        while True:
            await self.look()
            await self._pause(self._until_next().total_seconds())

    async def look(self) -> None:
        """Compare the rails whose time has come, and return (one round of `run`)."""
        now = self._clock.now()
        self._began = self._began or now
        for name in tuple(self._names):
            due = self._due(name)
            if due <= now and (name in self._rails or due <= now - TRY_AGAIN):
                await self._compare(name)

    async def now(self, name: str) -> Kept | None:
        """Compare this rail though its time has not come; None for one whose statement is our own ledger."""
        await self._compare(name)
        return self.standing.get(name)

    def stands(self) -> Sequence[StatementStands]:
        """How each rail's statement and the books stood when they were last compared."""
        return [
            StatementStands(
                name,
                kept.at,
                {kind: sum(one.match is kind for one in kept.differences) for kind in CLASSES},
            )
            for name, kept in self.standing.items()
            if kept.at is not None
        ]

    def _due(self, name: str) -> datetime:
        kept = self.standing.get(name)
        if kept is None:
            return self._began or self._clock.now()
        return kept.tried + (min(TRY_AGAIN, self._rhythm.every) if kept.silent else self._rhythm.every)

    def _until_next(self) -> timedelta:
        now = self._clock.now()
        earliest = min((self._due(name) for name in self._names), default=now + LONGEST_SLEEP)
        return max(SHORTEST_SLEEP, min(earliest - now, LONGEST_SLEEP))

    async def _compare(self, name: str) -> None:
        # One at a time: each begins where the one before it ended.
        async with self._one_at_a_time:
            await self._compare_with(name)

    async def _compare_with(self, name: str) -> None:
        before = self.standing.get(name) or Kept(self._clock.now())
        try:
            rail = self._rail(name)
            if not {LegKind.COLLECT, LegKind.PAYOUT} & rail.capabilities().flows:
                # Our own ledger is its statement.
                self._names = [other for other in self._names if other != name]
                return
            kept = await self._compared(rail, before)
        except NoStatementError:
            kept = before.failed(NO_STATEMENT, self._clock.now())
            await self._admin.say(f"{name}/no_statement", "reconciliation.impossible", {"rail": name})
        except RailError as error:
            kept = before.failed(str(error) or type(error).__name__, self._clock.now())
            log.warning("statement not compared", rail=name, why=kept.silent)
            if kept.failures == SAID_FROM:
                await self._say_silent(name, kept)
        self.standing[name] = kept
        await checks_kept.remember(self._mailbox, name, kept)

    def _rail(self, name: str) -> Rail:
        rail = self._rails.get(name)
        if rail is None:
            raise RailError("it has not answered yet")
        return rail

    async def _compared(self, rail: Rail, before: Kept) -> Kept:
        checked = await self._check(rail, before)
        new = _not_in(checked.differences, before.differences)
        if new:
            # What the rail says of them itself may close them: a late success, a reversal.
            for one in new:
                await self._hint(RailEvent(f"statement/{one.reference}", one.reference))
            await self._pause(TO_BE_HEARD.total_seconds())
            checked = await self._check(rail, before)
            new = _not_in(checked.differences, before.differences)
        if new:
            await self._say_new(rail.name, new, checked)
        log.info(
            "statement compared",
            rail=rail.name,
            matched=checked.matched,
            under_way=checked.under_way,
            differences=len(checked.differences),
        )
        return before.found(checked, self._clock.now())

    async def _check(self, rail: Rail, before: Kept) -> Checked:
        since = None if before.at is None else before.at - self._rhythm.overlap
        found = await check(rail, self._books, since, before.differences, before.mark)
        return without(found, self._closed)

    async def _say_new(self, rail: str, new: Sequence[Difference], checked: Checked) -> None:
        listed, rest = new[:MOST_SAID], len(new) - MOST_SAID
        facts: dict[str, Fact] = {
            "rail": rail,
            "matched": checked.matched,
            "differences": len(checked.differences),
            "more": ({"count": rest},) if rest > 0 else (),
        }
        for match in CLASSES:
            facts[match.value] = tuple(_row(one) for one in listed if one.match is match)
        names = "\n".join(sorted(repr(_identity(one)) for one in new))
        name = f"{rail}/differs/{hashlib.sha256(names.encode()).hexdigest()[:32]}"
        await self._admin.say(name, "reconciliation.differs", facts)

    async def _say_silent(self, rail: str, kept: Kept) -> None:
        since = "" if kept.at is None else f"{kept.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        await self._admin.say(
            f"{rail}/silent/{kept.tried:%Y-%m-%dT%H:%M}",
            "reconciliation.silent",
            {"rail": rail, "before": ({"at": since},) if since else ()},
        )


def _not_in(found: Sequence[Difference], known: Sequence[Difference]) -> Sequence[Difference]:
    """What is new, or is other than it was."""
    before = {_identity(one) for one in known}
    return [one for one in found if _identity(one) not in before]


def _identity(one: Difference) -> tuple[object, ...]:
    return one.reference, one.currency, one.match, one.ours, one.theirs


def _row(one: Difference) -> Facts:
    amounts: dict[str, Fact] = {"here": one.ours, "there": one.theirs}
    return {"order": one.reference} | {name: told for name, told in amounts.items() if told is not None}
