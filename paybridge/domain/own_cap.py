"""What one person may send in a day where an operator has set that for them, instead of their level's cap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.region import Level

if TYPE_CHECKING:
    from paybridge.domain.money import Money
    from paybridge.domain.region import Caps, Region


class MoreThanTheRegionsMostError(UserError):
    """The region lets nobody send as much in a day."""

    key = "error.more_than_the_regions_most"

    def __init__(self, *, most: Money) -> None:
        super().__init__(most=most)


class NothingLimitedError(UserError):
    """The region limits nothing in this currency, or does not know it."""

    key = "error.nothing_limited"

    def __init__(self, *, currency: str) -> None:
        super().__init__(currency=currency)


@dataclass(frozen=True, slots=True)
class OwnCap:
    """At most `day` in a day. The id is made of the person's and the currency."""

    id: str
    person: str
    day: Money
    version: int = 0


def own_cap_id(person: str, currency: str) -> str:
    """The id of a person's cap in a currency; there is one of each at most."""
    return f"{person}|{currency}"


def within(caps: Caps, own: OwnCap | None) -> Caps:
    """The caps of the person's level, with their own in place of the day's."""
    return caps if own is None else replace(caps, day=own.day)


def check_within_most(region: Region, day: Money) -> None:
    """Raise unless somebody who is known best may send as much in a day in this region.

    `NothingLimitedError` where nobody counts, `MoreThanTheRegionsMostError` for more than that.
    """
    limits = None if region.limits is None else region.limits[Level.CHECKED].get(day.currency)
    if limits is None:
        raise NothingLimitedError(currency=day.currency)
    if limits.day is not None and day > limits.day:
        raise MoreThanTheRegionsMostError(most=limits.day)
