"""Reads the part of a rail's statement that is not older than a moment, and where to begin next time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.services.rail import Page, Rail, RailError, StatementLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.money import Money

MOST_PAGES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a statement that tells the oldest first: all in front of `cursor` is older than `before`."""

    cursor: str
    before: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """The lines from a moment on, each once, and the place of that moment if the statement has one.

    `balances` is what the account holds behind the last line, by currency, as far as the rail says.
    """

    lines: Sequence[StatementLine]
    mark: Mark | None
    balances: Sequence[Money] = ()


async def read(rail: Rail, since: datetime | None, mark: Mark | None = None) -> Told:
    """The lines of our account's statement that are not older than `since`; all of them for None.

    Begins at `mark` if that is early enough. A statement that tells the newest first is read until it is
    older than `since`; one in no order, to its end. `RailError` if it cannot be read.
    """
    if since is None or mark is None or mark.before > since:
        return await _read(rail, since, None)
    try:
        return await _read(rail, since, mark)
    except RailError:
        # A rail may have forgotten the place.
        return await _read(rail, since, None)


async def _read(rail: Rail, since: datetime | None, mark: Mark | None) -> Told:
    reading = _Reading(since, mark)
    cursor = None if mark is None else mark.cursor
    for _ in range(MOST_PAGES):
        page = await rail.statement(cursor)
        reading.take(page)
        if page.next is None or page.next == cursor or reading.is_past:
            balances = (*page.balances, *([] if page.balance is None else [page.balance]))
            return Told(tuple(reading.lines.values()), reading.mark, balances)
        cursor = page.next
    raise RailError("its statement does not end")


class _Reading:
    """What was read so far, and in which order of time it came."""

    def __init__(self, since: datetime | None, mark: Mark | None) -> None:
        self.lines: dict[str, StatementLine] = {}
        self.is_past = False
        self._since = since
        self._began_at = mark
        self._place = None if mark is None else mark.cursor
        self._reached = False
        self._last: datetime | None = None
        self._rises = self._falls = False

    @property
    def mark(self) -> Mark | None:
        """Only an order that was seen is relied upon."""
        if self._since is None or self._falls or self._place is None:
            return None
        return Mark(self._place, self._since) if self._rises else self._began_at

    def take(self, page: Page) -> None:
        for line in page.lines:
            if self._last is not None:
                self._rises |= line.at > self._last
                self._falls |= line.at < self._last
            self._last = line.at
        # Pages may overlap; a line is one line.
        wanted = [line for line in page.lines if self._since is None or line.at >= self._since]
        self.lines |= {line.id: line for line in wanted}
        self._reached |= bool(wanted)
        if page.lines and not wanted:
            self.is_past = self._falls and not self._rises
            if not self._reached and page.next is not None:
                self._place = page.next
