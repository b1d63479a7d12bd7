"""Double entry: accounts, and journals that balance to zero in every currency."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paybridge.domain.money import Money

MIN_LINES = 2


class AccountKind(StrEnum):
    """What an account holds. People's money is positive; rail clearing is its negative mirror."""

    PERSON = "person"
    HELD = "held"
    CLAIMABLE = "claimable"
    RAIL_CLEARING = "rail_clearing"
    FEE = "fee"
    EQUITY = "equity"
    SUSPENSE = "suspense"
    RECEIVABLE = "receivable"

    @property
    def may_be_negative(self) -> bool:
        """Whether the account has no floor."""
        return self in {
            AccountKind.RAIL_CLEARING,
            AccountKind.EQUITY,
            AccountKind.SUSPENSE,
            AccountKind.RECEIVABLE,
        }


class UnbalancedJournalError(ValueError):
    """The lines of a journal do not sum to zero, or there are fewer than two."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account: an opaque owner (person id or rail name), a kind; the currency is the line's."""

    owner: str
    kind: AccountKind


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: the account's balance changes by `amount` (signed minor units)."""

    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class Journal:
    """One balanced booking.

    `idem` is its idempotency key: the database refuses a second journal with the same key. `transfer` is
    the payment that it belongs to.
    """

    idem: str
    kind: str
    transfer: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        sums: Counter[str] = Counter()
        for line in self.lines:
            sums[line.amount.currency] += line.amount.minor
        if len(self.lines) < MIN_LINES or any(sums.values()):
            raise UnbalancedJournalError(self.idem)


def person(owner: str) -> Account:
    """The spendable balance of a person."""
    return Account(owner, AccountKind.PERSON)


def held(owner: str) -> Account:
    """A person's money whose fate is open."""
    return Account(owner, AccountKind.HELD)


def claimable(owner: str) -> Account:
    """Money that waits for a payee who is not enrolled."""
    return Account(owner, AccountKind.CLAIMABLE)


def clearing(rail: str) -> Account:
    """The mirror of our settlement account at a rail: minus what the rail holds for us."""
    return Account(rail, AccountKind.RAIL_CLEARING)


def house() -> Account:
    """What the house has taken for payments."""
    return Account("house", AccountKind.FEE)


def suspense(rail: str) -> Account:
    """What a rail moved that nobody is due: positive if we hold it, negative if it is gone."""
    return Account(rail, AccountKind.SUSPENSE)


def receivable(owner: str) -> Account:
    """Minus what a person owes, since money that they had spent was taken back."""
    return Account(owner, AccountKind.RECEIVABLE)


def move(idem: str, kind: str, transfer: str, amount: Money, *, giver: Account, taker: Account) -> Journal:
    """A journal that moves `amount` (positive) from `giver` to `taker`."""
    return Journal(idem, kind, transfer, (Line(giver, -amount), Line(taker, amount)))
