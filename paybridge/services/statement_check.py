"""Compares the books with a rail's statement over a window, and keeps in view what does not agree."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from paybridge.domain.leg import Leg
from paybridge.domain.money import Money
from paybridge.services.rail import Rail, StatementLine
from paybridge.services.reconciliation import Compared, Match, code_of, compare
from paybridge.services.statements import Mark, read

SKEW: Final = timedelta(hours=1)
"""How much a rail's clock may differ from ours."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A leg that is an order to a rail, and when its transfer was made: nothing of it is older."""

    leg: Leg
    began: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """An order in one currency that one of both books has otherwise; `since` is older than all of it.

    Of `ours` and `theirs` (signed from our side, fees included) one may be None: nothing is there.
    """

    reference: str
    currency: str
    match: Match
    ours: Money | None
    theirs: Money | None
    since: datetime

    @property
    def code(self) -> str:
        """As `code_of`."""
        return code_of(self.reference, self.match, self.ours, self.theirs)


@dataclass(frozen=True, slots=True)
class Checked:
    """What one comparison found: how many orders agree or are under way, and what does not agree."""

    matched: int
    under_way: int
    differences: tuple[Difference, ...]
    mark: Mark | None


def without(checked: Checked, closed: Collection[str]) -> Checked:
    """The same without the differences that operators have settled by hand, named by their codes."""
    left = tuple(one for one in checked.differences if one.code not in closed)
    return replace(checked, differences=left)


class BooksBeside(Protocol):
    """The books as they are at a moment, read without being in the way of whoever writes."""

    async def since(self, rail: str, since: datetime | None) -> Sequence[Booked]:
        """The rail's orders of transfers made at that moment or later; all of them for None."""

    async def named(self, references: Collection[str]) -> Sequence[Booked]:
        """The orders with these references, of whichever rail."""


async def check(
    rail: Rail,
    books: BooksBeside,
    since: datetime | None,
    known: Sequence[Difference] = (),
    mark: Mark | None = None,
) -> Checked:
    """Compare every order made from `since` on (None: ever), or named by the statement from then on.

    So are those that were `known` to differ. `mark` is that of the check before. An order that goes on
    meanwhile is left for the next time. Nothing is written. `RailError` if the statement cannot be read.
    """
    window = None if since is None else since - SKEW
    young = {one.leg.id: one for one in await books.since(rail.name, since)}
    told = await read(rail, window, mark)
    strange = {line.reference for line in told.lines if line.reference is not None} - young.keys()
    strange |= {one.reference for one in known} - young.keys()
    older = {one.leg.id: one for one in await books.named(strange)}
    lines = list(told.lines)
    again = await asyncio.to_thread(_unclear, older, lines, known)
    if window is not None and again:
        # Of an order from before the window only its latest lines lie in it: look at all of them.
        first = min(again.values()) - SKEW
        if first < window:
            deeper = await read(rail, first, mark)
            lines += [line for line in deeper.lines if line.at < window and line.reference in again]
    booked = young | older
    began = {name: one.began for name, one in booked.items()}
    # In a thread: of a million orders this takes longer than anybody else may wait.
    verdicts = await asyncio.to_thread(compare, [one.leg for one in booked.values()], lines, began)
    matched = sum(one.match is Match.MATCHED for one in verdicts)
    differing = [one for one in verdicts if not one.match.closes_itself]
    went_on = await _went_on(books, booked, differing)
    times = {line.id: line.at for line in lines}
    stays = [_difference(one, began, times) for one in differing if one.reference not in went_on]
    return Checked(matched, len(verdicts) - len(stays) - matched, tuple(stays), told.mark)


async def _went_on(
    books: BooksBeside, booked: Mapping[str, Booked], differing: Sequence[Compared]
) -> Collection[str]:
    """The orders that the books have otherwise by now than when they were read."""
    names = {one.reference for one in differing}
    fresh = {one.leg.id: one for one in await books.named(names)}
    return {name for name in names if fresh.get(name) != booked.get(name)}


def _unclear(
    older: Mapping[str, Booked], lines: Iterable[StatementLine], known: Sequence[Difference]
) -> Mapping[str, datetime]:
    """The orders from before the window that its lines do not explain, and when each began."""
    of_older = [line for line in lines if line.reference in older]
    found = compare((one.leg for one in older.values()), of_older)
    began = {one.reference: one.since for one in known}
    return began | {one.reference: older[one.reference].began for one in found if not one.match.closes_itself}


def _difference(one: Compared, began: Mapping[str, datetime], times: Mapping[str, datetime]) -> Difference:
    money = one.theirs if one.theirs is not None else one.ours
    assert money is not None  # what nobody moved agrees
    since = min(
        [*(times[line] for line in one.lines), *([began[one.reference]] if one.reference in began else [])]
    )
    return Difference(one.reference, money.currency, one.match, one.ours, one.theirs, since)
