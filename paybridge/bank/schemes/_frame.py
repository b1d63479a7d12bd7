"""What a payment scheme is to the bank: how its accounts are named, and what it allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class BadNumberError(Exception):
    """What was given does not name an account in this scheme; the message says why."""


@dataclass(frozen=True, slots=True)
class Number:
    """An account's number in the one form that the books keep, and what may be shown of it."""

    written: str
    masked: str
    bank_name: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What left an account by this scheme in a span of time, in minor units, without fees."""

    amount: int
    count: int


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on what may leave one account: `amount` and `count` between `since` and now.

    `code` is what the bank refuses with.
    """

    since: datetime
    amount: int
    code: str
    count: int | None = None

    def refuses(self, amount: int, spent: Spent) -> bool:
        """Whether `amount` more is too much after what was spent since then."""
        return spent.amount + amount > self.amount or (self.count is not None and spent.count >= self.count)


class Scheme(Protocol):
    """A scheme is one file in this folder; `detail` is the field of a new link that picks it."""

    name: str
    detail: str
    bad_number_code: str
    currency: str
    digits: int
    highest_amount: int
    opening_balance: int
    verification_amount: int
    settlement_number: str

    def read(self, given: str) -> Number:
        """The account that `given` names, or `BadNumberError`."""
        ...

    def script_digits(self, written: str) -> str:
        """The last four digits of a number, by which an account misbehaves."""
        ...

    def caps(self, at: datetime) -> tuple[Cap, ...]:
        """The limits on what leaves an account, as they are at this moment."""
        ...

    def code(self, written: str, holder: str, amount: int, text: str) -> str:
        """What the QR code of the scheme says to be paid `amount` (0 leaves it open)."""
        ...
