"""What a shop took, gave back and paid out in a span of days; pure sums over what the ledger says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import MIDNIGHT, zone_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

MOST_DAYS: Final = 31
"""As many as a month has at most."""


class Whose(StrEnum):
    """What of the shop a payment is for, or the one that a refund gives back."""

    ORDER = "order"
    INVOICE = "invoice"
    TICKET = "ticket"
    DUES = "dues"
    NOTHING = "nothing"


class Sort(StrEnum):
    """What a sum is to the shop."""

    ORDERS = "orders"
    INVOICES = "invoices"
    TICKETS = "tickets"
    DUES = "dues"
    TAKEN_BACK = "taken_back"
    REFUNDS = "refunds"
    OTHERS = "others"
    CASHOUTS = "cashouts"


_PAID_FOR: Final = {
    Whose.ORDER: Sort.ORDERS,
    Whose.INVOICE: Sort.INVOICES,
    Whose.TICKET: Sort.TICKETS,
    Whose.DUES: Sort.DUES,
}
TAKINGS: Final = frozenset(_PAID_FOR.values())
WITHOUT_RATE: Final = frozenset({Sort.TICKETS, Sort.DUES})
"""What has no tax rate in the books."""
GIVEN: Final = frozenset({Sort.REFUNDS, Sort.TAKEN_BACK})
_OUTWARDS: Final = GIVEN | {Sort.CASHOUTS}


@dataclass(frozen=True, slots=True)
class Booked:
    """What bookings of one sort come to on one day: `count` payments, `minor` units, signed.

    `day` counts from 0. `incoming`: the shop's owner is the payee. `straight`: from or to a linked account,
    so that the owner's balance has no entry of it.
    """

    day: int
    kind: TransferKind
    incoming: bool
    whose: Whose
    currency: str
    count: int
    minor: int
    straight: bool = False

    @property
    def sort(self) -> Sort | None:
        """What it is to the shop; None for what is its owner's own."""
        for_shop = self.whose is not Whose.NOTHING
        if self.kind is TransferKind.CASHOUT:
            return Sort.CASHOUTS
        if self.kind is TransferKind.REFUND and not self.incoming:
            return Sort.REFUNDS if for_shop else None
        if self.kind is not TransferKind.PAY or not self.incoming:
            return None
        if not for_shop:
            return Sort.OTHERS
        if self.minor < 0:
            return Sort.TAKEN_BACK
        return _PAID_FOR[self.whose]


@dataclass(frozen=True, slots=True)
class Part:
    """One sort of a day's or a month's money, signed as the shop feels it, in `count` payments."""

    sort: Sort
    count: int
    sum: Money


@dataclass(frozen=True, slots=True)
class Takings:
    """What came together in one currency. `day` is None for a whole month."""

    currency: str
    day: date | None
    parts: tuple[Part, ...]

    def of(self, *sorts: Sort) -> Money:
        """The sum of these sorts, signed."""
        minor = sum(part.sum.minor for part in self.parts if part.sort in sorts)
        return Money(minor, self.currency)

    def count(self, *sorts: Sort) -> int:
        """How many payments these sorts have."""
        return sum(part.count for part in self.parts if part.sort in sorts)

    @property
    def taken(self) -> Money:
        """What was paid for orders, on invoices, for tickets and as dues."""
        return self.of(*TAKINGS)

    @property
    def given(self) -> Money:
        """What was given back, by the shop or by a bank; negative, or nothing."""
        return self.of(*GIVEN)

    @property
    def left(self) -> Money:
        """What is left of it."""
        return self.taken + self.given


def edges(first: date, days: int, zone: str) -> tuple[datetime, ...]:
    """Where so many days begin in `zone`, and where the last one ends: one moment more than days."""
    days_begin = (first + timedelta(days=number) for number in range(days + 1))
    return tuple(datetime.combine(day, MIDNIGHT, zone_named(zone)).astimezone(UTC) for day in days_begin)


def by_day(booked: Sequence[Booked], currency: str, first: date, days: int) -> tuple[Takings, ...]:
    """Each day's takings, also those of days on which nothing was."""
    return tuple(
        Takings(currency, first + timedelta(days=number), _parts(_on(booked, number, currency), currency))
        for number in range(days)
    )


def together(booked: Sequence[Booked], currency: str) -> Takings:
    """What all of it comes to."""
    return Takings(currency, None, _parts((one for one in booked if one.currency == currency), currency))


def _on(booked: Iterable[Booked], day: int, currency: str) -> Iterable[Booked]:
    return (one for one in booked if one.day == day and one.currency == currency)


def _parts(booked: Iterable[Booked], currency: str) -> tuple[Part, ...]:
    found: dict[Sort, list[Booked]] = defaultdict(list)
    for one in booked:
        if one.sort is not None:
            found[one.sort].append(one)
    return tuple(
        Part(sort, _count(sort, found[sort]), Money(sum(one.minor for one in found[sort]), currency))
        for sort in Sort
        if sort in found
    )


def _count(sort: Sort, booked: Iterable[Booked]) -> int:
    """How many payments stayed: what went out and came back again, or the other way, was none."""
    wards = -1 if sort in _OUTWARDS else 1
    return sum(one.count if one.minor * wards > 0 else -one.count for one in booked)
