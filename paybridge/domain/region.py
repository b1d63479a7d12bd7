"""A region's rules: how much a person may send in a payment, a local day, month and night."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import Night, Window, day_of, month_of, night_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.fee import Fee


class Level(StrEnum):
    """How sure it is who somebody is."""

    UNCHECKED = "unchecked"
    NAMED = "named"
    """A rail knows the holder of a linked account by the name that the person gave."""
    CHECKED = "checked"
    """A document was checked; in this sandbox none is read."""


class CurrencyNotSentError(UserError):
    """The region's rules let nobody send this currency."""

    key = "error.currency_not_sent"

    def __init__(self, *, currency: str, currencies: str) -> None:
        super().__init__(currency=currency, currencies=currencies)


class CapError(UserError):
    """What one may send is used up, or less than this."""

    private = True

    def lines(self) -> tuple[str, ...]:
        return ("!limits",)


class OverTheEachCapError(CapError):
    """One payment may not be as much."""

    key = "error.over_the_each_cap"

    def __init__(self, *, most: Money) -> None:
        super().__init__(most=most)


class OverTheDayCapError(CapError):
    """The payments of the day would come to more than they may."""

    key = "error.over_the_day_cap"

    def __init__(self, *, most: Money, left: Money, frees: datetime) -> None:
        super().__init__(most=most, left=left, frees=frees)


class OverTheMonthCapError(CapError):
    """The payments of the month would come to more than they may."""

    key = "error.over_the_month_cap"

    def __init__(self, *, most: Money, left: Money, frees: datetime) -> None:
        super().__init__(most=most, left=left, frees=frees)


class OverTheNightCapError(CapError):
    """The payments of the night would come to more than they may."""

    key = "error.over_the_night_cap"

    def __init__(self, *, most: Money, left: Money, frees: datetime) -> None:
        super().__init__(most=most, left=left, frees=frees)


class OverTheCountCapError(CapError):
    """The day would have more payments than it may have."""

    key = "error.over_the_count_cap"

    def __init__(self, *, most: int, left: int, frees: datetime) -> None:
        super().__init__(most=most, left=left, frees=frees)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that one may send in one currency; None where nothing is said.

    `count` is how many payments a day may have, whatever their currency.
    """

    each: Money | None = None
    day: Money | None = None
    month: Money | None = None
    night: Money | None = None
    count: int | None = None

    @property
    def sum_up(self) -> bool:
        """Whether it matters what was sent before."""
        return any(cap is not None for cap in (self.day, self.month, self.night, self.count))


@dataclass(frozen=True, slots=True)
class Spans:
    """The day, month and night of one moment in a `zone`; `night` None by day."""

    zone: tzinfo
    day: Window
    month: Window
    night: Window | None

    @classmethod
    def of(cls, at: datetime, zone: tzinfo, night: Night) -> Self:
        """The spans that `at` falls in."""
        return cls(zone, day_of(at, zone), month_of(at, zone), night_of(at, zone, night))

    def frees(self, window: Window) -> datetime:
        """When the window is over, by the local clock."""
        return window.end.astimezone(self.zone)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was sent in each of the spans: `count` payments in the day, and sums in one currency."""

    count: int
    day: Money
    month: Money
    night: Money


@dataclass(frozen=True, slots=True)
class Region:
    """The rules of the region that the operator has chosen.

    `limits` None: nobody counts. A currency that a level does not name cannot be sent. `covers` are the kinds
    of transfers that are counted, all against the same caps. `requests` is whether people may ask each other
    for money.
    """

    name: str = "none"
    zone: str = "UTC"
    limits: Mapping[Level, Mapping[str, Caps]] | None = None
    covers: frozenset[TransferKind] = frozenset({TransferKind.PAY})
    night: Night = field(default_factory=lambda: Night(time(20), time(6)))
    requests: bool = True
    fees: Mapping[str, Fee] = field(default_factory=dict)
    terms: str = "1"
    retention_years: int = 10

    def fee(self, amount: Money) -> Money:
        """What the house takes for a payment of `amount`; nothing in a currency without a fee."""
        fee = self.fees.get(amount.currency)
        return Money.zero(amount.currency) if fee is None else fee.of(amount)

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that somebody may send; none if nobody counts."""
        return tuple(self.limits[Level.CHECKED]) if self.limits is not None else ()

    def caps(self, kind: TransferKind, level: Level, currency: str) -> Caps:
        """What holds for a transfer of this kind, or `CurrencyNotSentError`."""
        if self.limits is None or kind not in self.covers:
            return FREE
        found = self.limits[level].get(currency)
        if found is None:
            raise CurrencyNotSentError(currency=currency, currencies=", ".join(self.currencies))
        return found


FREE: Final = Caps()
"""No cap at all."""


def check_each(amounts: Sequence[Money], caps: Caps) -> None:
    """Raise `OverTheEachCapError` if one of these payments may not be as much."""
    if caps.each is not None and max(amounts) > caps.each:
        raise OverTheEachCapError(most=caps.each)


def check_sums(amounts: Sequence[Money], caps: Caps, spent: Spent, spans: Spans) -> None:
    """Raise a `CapError` unless these payments may be sent after what was `spent`, fees not counted."""
    amount = sum(amounts, Money.zero(amounts[0].currency))
    day, month, night = spans.day, spans.month, spans.night
    if caps.count is not None and spent.count + len(amounts) > caps.count:
        left = max(caps.count - spent.count, 0)
        raise OverTheCountCapError(most=caps.count, left=left, frees=spans.frees(day))
    if caps.night is not None and night is not None and spent.night + amount > caps.night:
        left_tonight = left_of(caps.night, spent.night)
        raise OverTheNightCapError(most=caps.night, left=left_tonight, frees=spans.frees(night))
    if caps.day is not None and spent.day + amount > caps.day:
        raise OverTheDayCapError(most=caps.day, left=left_of(caps.day, spent.day), frees=spans.frees(day))
    if caps.month is not None and spent.month + amount > caps.month:
        left_this_month = left_of(caps.month, spent.month)
        raise OverTheMonthCapError(most=caps.month, left=left_this_month, frees=spans.frees(month))


def left_of(cap: Money, spent: Money) -> Money:
    """What is left of a cap; nothing if more than it was spent, as when it was lowered since."""
    return max(cap - spent, Money.zero(cap.currency))
