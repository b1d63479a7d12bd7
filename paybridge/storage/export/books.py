"""The ledger as it is exported: accounts, journals in their order with their lines, balances at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from paybridge.domain.money import Money
from paybridge.storage.rows import moment

Rows = Callable[[str], Iterable[tuple[Any, ...]]]
"""Answers one SELECT, row by row, all at one moment of the database."""

_ACCOUNTS: Final = "SELECT kind, owner, currency, balance FROM account ORDER BY kind, owner, currency"
_LINES: Final = """
    SELECT journal.id, journal.created, journal.kind, journal.transfer, journal.idem,
        account.kind, account.owner, entry.currency, entry.amount
    FROM journal JOIN entry ON entry.journal = journal.id JOIN account ON account.id = entry.account
    ORDER BY journal.id, entry.line
"""
_LAST: Final = "SELECT max(created) FROM journal"


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

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def balances(self) -> Iterator[Balance]:
        """Every account that was ever opened, by kind, owner and currency."""
        for kind, owner, currency, balance in self._rows(_ACCOUNTS):
            yield Balance(Account(kind, owner), Money(balance, currency))

    def bookings(self) -> Iterator[Booking]:
        """Every journal, in the order in which they were written."""
        for (number, created, kind, transfer, idem), lines in groupby(
            self._rows(_LINES), key=itemgetter(0, 1, 2, 3, 4)
        ):
            told = tuple(Balance(Account(row[5], row[6]), Money(row[8], row[7])) for row in lines)
            yield Booking(number, moment(created), kind, transfer, idem, told)

    def last(self) -> datetime | None:
        """When the last journal was written; None if there is none."""
        ((created,),) = self._rows(_LAST)
        return None if created is None else moment(created)
