"""A month of a shop by item and by tax rate; pure and exact sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.invoice import shared, tax_in
from paybridge.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from paybridge.domain.invoice import Bill
    from paybridge.domain.month import Month
    from paybridge.domain.takings import Takings, Whose


@dataclass(frozen=True, slots=True)
class SoldPieces:
    """So many pieces of an item (its id) were paid, for `minor` units with their tax."""

    item: str
    pieces: int
    minor: int


@dataclass(frozen=True, slots=True)
class PaidByPaper:
    """What a payment brought by the paper of an order or invoice (ids); negative if it gave back."""

    paper: str
    whose: Whose
    payment: str
    minor: int


@dataclass(frozen=True, slots=True)
class Sold:
    """An item by its name: so many pieces, for so much with tax, at `rate` (hundredths of a percent)."""

    name: str
    pieces: int
    gross: Money
    rate: int


@dataclass(frozen=True, slots=True)
class AtRate:
    """What was taken and given back (negative) at one tax rate; `rate` None is tips, which have none."""

    rate: int | None
    taken: Money
    given: Money

    @property
    def left(self) -> Money:
        return self.taken + self.given

    @property
    def tax(self) -> Money:
        """The tax in what is left, taken out of the sum once and rounded half up."""
        return tax_in(self.left, self.rate or 0)


@dataclass(frozen=True, slots=True)
class MonthIn:
    """A month in one currency: by day, all together, by item and by rate."""

    currency: str
    whole: Takings
    days: Sequence[Takings]
    sold: Sequence[Sold]
    rates: Sequence[AtRate]


@dataclass(frozen=True, slots=True)
class Report:
    """A month of a shop; `zone` is where its days begin, `at` when it was read."""

    month: Month
    shop: str
    zone: str
    at: datetime
    today: date
    currencies: Sequence[MonthIn]


def by_rate(sold: Iterable[Sold], papers: Iterable[tuple[Bill, int]], currency: str) -> Sequence[AtRate]:
    """What came together at each rate, lowest first, tips last.

    `papers` are what was paid by a bill in minor units, negative if given back. It is shared among the bill's
    rates in proportion, what does not divide going to the largest remainders; more than the bill is a tip.
    """
    taken, given = Counter[int | None](), Counter[int | None]()
    for one in sold:
        taken[one.rate] += one.gross.minor
    for bill, minor in papers:
        for rate, part in _shares(bill, abs(minor)).items():
            if minor < 0:
                given[rate] -= part
            else:
                taken[rate] += part
    rates = sorted({*taken, *given}, key=lambda rate: (rate is None, rate or 0))
    return [AtRate(rate, Money(taken[rate], currency), Money(given[rate], currency)) for rate in rates]


def _shares(bill: Bill, minor: int) -> dict[int | None, int]:
    """So much money of a bill by its rates."""
    taxes = [one for one in bill.taxes if one.gross.is_positive]
    of_bill = min(minor, bill.total.minor)
    parts = shared(of_bill, [one.gross.minor for one in taxes])
    found: dict[int | None, int] = {one.rate: part for one, part in zip(taxes, parts, strict=True)}
    return found | ({None: minor - of_bill} if minor > of_bill else {})
