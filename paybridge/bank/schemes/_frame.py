"""What a payment scheme is to the bank: how its accounts are named, and what it allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class BadNumberError(Exception):
    """What was given does not name an account in this scheme; the message says why."""


@dataclass(frozen=True, slots=True)
class Number:
    """An account's number in the one form that the books keep, and what may be shown of it."""

    written: str
    masked: str
    bank_name: str


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
