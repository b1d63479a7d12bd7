"""A trip: what several people paid for each other, and what each has to get or to give, and why; pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.amount_errors import TooLargeError
from paybridge.domain.errors import UserError
from paybridge.domain.money import MAX_MINOR, Money, exponent_of
from paybridge.domain.split import How, Piece, Wanted, divide
from paybridge.domain.zero_sums import payments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_RATE: Final = re.compile(r"([0-9]{1,9})(?:([.,])([0-9]{1,12}))?")
_GROUP: Final = 3
_EXACT: Final = 64
"""Digits that no product of a sum and a rate needs."""
MOST_EXPENSES: Final = 50
MOST_MINOR: Final = MAX_MINOR // MOST_EXPENSES
"""The most that one expense may be, so that all of a trip's together still are money."""


class RateNotReadError(UserError):
    """What stands behind "at" is no rate, or one that could be read in two ways."""

    key = "error.rate_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class RateTooSmallError(UserError):
    """At that rate the sum is nothing."""

    key = "error.rate_too_small"

    def __init__(self, *, spent: Money, rate: str, currency: str) -> None:
        super().__init__(spent=spent, rate=rate, currency=currency)


class TripState(StrEnum):
    """Where a trip stands: `settled` once people were asked for what they owe, `closed` without that."""

    OPEN = "open"
    SETTLED = "settled"
    CLOSED = "closed"


class Way(StrEnum):
    """How a trip is settled: each pair for itself, or with the fewest payments."""

    PAIRS = "pairs"
    NET = "net"


class ExpenseState(StrEnum):
    """Whether an expense counts."""

    COUNTED = "counted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Trip:
    """A list of expenses of one room in one currency. `name` is sealed for the `opener` (person id).

    `expenses` counts all that were ever written down: the last one's number.
    """

    id: str
    state: TripState
    opener: str
    currency: str
    room: str
    created: datetime
    expenses: int = 0
    name: bytes | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Traveller:
    """Somebody who is in a trip."""

    id: str
    trip: str
    person: str
    mxid: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class Expense:
    """What was paid once. `note` is sealed for whoever wrote it down (`writer`, person id).

    `amount` is in the trip's currency and counts; `spent` is what was paid, at `rate` where that is another.
    """

    id: str
    trip: str
    number: int
    writer: str
    amount: Money
    spent: Money
    state: ExpenseState
    created: datetime
    rate: str | None = None
    note: bytes | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one person paid of an expense, and what they have to carry of it; `odd` as in a split."""

    id: str
    expense: str
    person: str
    paid: Money
    owed: Money
    odd: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An expense with everybody's part of it: both columns of the parts come to its amount."""

    expense: Expense
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What a person paid and what they have to carry; what is `left` they get, or give if it is negative."""

    person: str
    paid: Money
    owed: Money

    @property
    def left(self) -> Money:
        """What the person has to get; negative if they have to give."""
        return self.paid - self.owed


@dataclass(frozen=True, slots=True)
class Reason:
    """What one expense adds to a debt; negative where it takes away from it."""

    number: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Debt:
    """What one person (id) owes another, more than nothing, and which expenses made it so."""

    debtor: str
    creditor: str
    amount: Money
    why: tuple[Reason, ...] = ()


def read_rate(typed: str) -> Decimal:
    """How many of the trip's currency one of another costs: "0.0061"; more than nothing.

    Raises `RateNotReadError`; "1,234" is one, because a comma may group thousands.
    """
    found = _RATE.fullmatch(typed)
    if found is None:
        raise RateNotReadError(typed=typed[:40])
    whole, mark, fraction = found[1], found[2], found[3] or ""
    if mark == "," and len(fraction) == _GROUP and int(whole):
        raise RateNotReadError(typed=typed[:40])
    rate = Decimal(f"{whole}.{fraction or '0'}")
    if not rate:
        raise RateNotReadError(typed=typed[:40])
    return rate


def convert(spent: Money, rate: Decimal, currency: str) -> Money:
    """What `spent` is in `currency` at `rate` (of whole units), to the nearest minor unit, halves to even.

    Raises `RateTooSmallError` or `TooLargeError`.
    """
    with localcontext(prec=_EXACT):
        exact = spent.decimal() * rate * 10 ** exponent_of(currency)
        minor = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
    if not minor:
        raise RateTooSmallError(spent=spent, rate=f"{rate:f}", currency=currency)
    return checked(minor, currency)


def checked(minor: int, currency: str) -> Money:
    """So many minor units as one expense may be at most, or `TooLargeError`: sums of many must stay money."""
    if minor > MOST_MINOR:
        raise TooLargeError(typed=str(minor)[:40], most=Money(MOST_MINOR, currency))
    return Money(minor, currency)


def divide_spent(spent: Money, amount: Money, wanted: Sequence[Wanted]) -> tuple[Piece, ...]:
    """Everybody's piece of `amount`, which is `spent` in the trip's currency; together exactly that.

    Exact sums are named in the currency that was spent: each then weighs what it was. Raises as `divide`.
    """
    if spent.currency == amount.currency or all(one.how is not How.EXACT for one in wanted):
        return divide(amount, wanted)
    pieces = divide(spent, wanted)
    return tuple(Piece(share) for share in amount.split([piece.amount.minor for piece in pieces]))


def balances(entries: Sequence[Entry], currency: str, people: Sequence[str] = ()) -> tuple[Balance, ...]:
    """What each person (ids, those of `people` first) paid and carries of what counts; together nothing."""
    nothing = Money.zero(currency)
    paid = dict.fromkeys(people, nothing)
    owed = dict.fromkeys(people, nothing)
    for entry in _counted(entries):
        for part in entry.parts:
            paid[part.person] = paid.get(part.person, nothing) + part.paid
            owed[part.person] = owed.get(part.person, nothing) + part.owed
    return tuple(Balance(person, paid[person], owed[person]) for person in paid)


def debts(entries: Sequence[Entry], currency: str) -> tuple[Debt, ...]:
    """Who owes whom, pair by pair: what each carries of what another paid, less the same the other way.

    Each debt is the sum of its reasons. Paying all of them settles every balance.
    """
    reasons: dict[tuple[str, str], list[Reason]] = defaultdict(list)
    for entry in _counted(entries):
        for debtor, creditor, minor in _dues(entry):
            first, second = sorted((debtor, creditor))
            amount = Money(minor if debtor == first else -minor, currency)
            reasons[first, second].append(Reason(entry.expense.number, amount))
    found: list[Debt] = []
    for (first, second), why in sorted(reasons.items()):
        total = sum((reason.amount for reason in why), Money.zero(currency))
        if total.is_positive:
            found.append(Debt(first, second, total, tuple(why)))
        elif total.is_negative:
            turned = tuple(Reason(reason.number, -reason.amount) for reason in why)
            found.append(Debt(second, first, -total, turned))
    return tuple(found)


def fewest(left: Sequence[Balance], currency: str) -> tuple[Debt, ...]:
    """The fewest payments that settle every balance: at most one less than there are people.

    See `zero_sums` for how few they are among many people.
    """
    minors = {balance.person: balance.left.minor for balance in left}
    return tuple(
        Debt(debtor, creditor, Money(minor, currency)) for debtor, creditor, minor in payments(minors)
    )


def _counted(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.expense.state is ExpenseState.COUNTED]


def _dues(entry: Entry) -> list[tuple[str, str, int]]:
    """Who owes whom how many minor units for one expense: its few payers are paid by the others in order."""
    left: Mapping[str, int] = {part.person: (part.paid - part.owed).minor for part in entry.parts}
    payers = [part.person for part in entry.parts if part.paid.is_positive]
    if len(payers) == 1:
        return [(person, payers[0], -minor) for person, minor in left.items() if minor < 0]
    return list(payments(left))
