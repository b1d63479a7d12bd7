"""The ledger as it is exported: balances, and the journals of a period in their order with their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Protocol

from paybridge.domain.money import Money
from paybridge.storage.moments import microseconds, moment


class Rows(Protocol):
    """Answers SELECTs, row by row, all at one moment of the database."""

    def __call__(self, question: str, /, *facts: str | int) -> Iterable[tuple[Any, ...]]: ...


_BALANCES: Final = "SELECT kind, owner, currency, balance FROM account ORDER BY kind, owner, currency"
_BALANCES_BEFORE: Final = """
    SELECT account.kind, account.owner, account.currency, CAST(coalesce(sum(earlier.amount), 0) AS BIGINT)
    FROM account LEFT JOIN (
        SELECT entry.account, entry.amount FROM entry JOIN journal ON journal.id = entry.journal
        WHERE journal.created < ?
    ) AS earlier ON earlier.account = account.id
    GROUP BY account.kind, account.owner, account.currency
    ORDER BY account.kind, account.owner, account.currency
"""
_LINES: Final = """
    SELECT journal.id, journal.created, journal.kind, journal.transfer, journal.idem,
        account.kind, account.owner, entry.currency, entry.amount
    FROM journal JOIN entry ON entry.journal = journal.id JOIN account ON account.id = entry.account
    WHERE journal.created >= ? AND journal.created < ?
    ORDER BY journal.id, entry.line
"""
_LAST: Final = "SELECT max(created) FROM journal WHERE created < ?"
_NEVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both inclusive; None is without end on that side."""

    first: date | None = None
    last: date | None = None

    @property
    def begins(self) -> int:
        """In microseconds since 1970."""
        return 0 if self.first is None else microseconds(_midnight(self.first))

    @property
    def ends(self) -> int:
        """The first microsecond that is later."""
        return _NEVER if self.last is None else microseconds(_midnight(self.last + timedelta(days=1)))


EVER: Final = Period()
"""Everything that was ever booked."""


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `owner` is a rail's name or a person's opaque id, never anything about a person."""

    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds at the end, in our sign: what people own is positive."""

    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class Booking:
    """One journal with its lines."""

    number: int
    at: datetime
    kind: str
    transfer: str
    idem: str
    lines: tuple[Balance, ...]


class Books:
    """Read row by row: a ledger of any length takes as much memory as its longest journal."""

    def __init__(self, rows: Rows, period: Period = EVER) -> None:
        self._rows = rows
        self.period = period

    def opening(self) -> Iterator[Balance]:
        """What accounts held when the period began, those with nothing left out; together it is nothing."""
        if self.period.first is not None:
            yield from (one for one in self._before(self.period.begins) if not one.amount.is_zero)

    def balances(self) -> Iterator[Balance]:
        """Every account that was ever opened, as it is at the end, by kind, owner and currency."""
        if self.period.last is not None:
            yield from self._before(self.period.ends)
            return
        for kind, owner, currency, balance in self._rows(_BALANCES):
            yield Balance(Account(kind, owner), Money(balance, currency))

    def bookings(self) -> Iterator[Booking]:
        """Every journal of the period, in the order in which they were written."""
        for (number, created, kind, transfer, idem), lines in groupby(
            self._rows(_LINES, self.period.begins, self.period.ends), key=itemgetter(0, 1, 2, 3, 4)
        ):
            told = tuple(Balance(Account(row[5], row[6]), Money(row[8], row[7])) for row in lines)
            yield Booking(number, moment(created), kind, transfer, idem, told)

    def closing_day(self) -> date | None:
        """The day at whose end the balances hold; None if nothing was ever booked."""
        ((created,),) = self._rows(_LAST, self.period.ends)
        if created is None:
            return None
        return self.period.last or max(moment(created).date(), self.period.first or date.min)

    def _before(self, at: int) -> Iterator[Balance]:
        for kind, owner, currency, balance in self._rows(_BALANCES_BEFORE, at):
            yield Balance(Account(kind, owner), Money(balance, currency))
