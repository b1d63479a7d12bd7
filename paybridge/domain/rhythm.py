"""Rhythms: on which days something comes round again, every so many weeks, months or years. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from dateutil.relativedelta import relativedelta

if TYPE_CHECKING:
    from datetime import tzinfo

HOUR: Final = time(9)
"""When on its day something comes round, by the local clock: people are awake, no clock is changed."""
MOST_EVERY: Final = 60
"""Periods further apart than so many weeks, months or years are no rhythm that anybody remembers."""


class Unit(StrEnum):
    """What a rhythm counts in."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every `every` weeks, months or years from `start` on, which is day 0.

    `day` is the wanted day of the month, 1 to 31, whatever the month of `start` could offer. In weeks it is
    0, for they go by the weekday of `start`.
    """

    unit: Unit
    every: int
    start: date
    day: int = 0

    def day_at(self, number: int) -> date:
        """The local day of the period `number`, 0 or more.

        A month that has no such day gives its last one, and the next month has the wanted day again: the
        31st, and the 29th of February (29, not 28, in each leap year).
        """
        steps = self.every * number
        if self.unit is Unit.WEEK:
            return self.start + timedelta(weeks=steps)
        months = steps if self.unit is Unit.MONTH else 12 * steps
        found: date = self.start + relativedelta(months=months, day=self.day)
        return found


def monthly(wanted: int, after: date, *, every: int = 1) -> Rhythm:
    """The rhythm of the day `wanted` (1 to 31) of every so many months, beginning later than `after`."""
    this: date = after + relativedelta(day=wanted)
    following: date = after + relativedelta(months=1, day=wanted)
    return Rhythm(Unit.MONTH, every, this if this > after else following, wanted)


def weekly(weekday: int, after: date, *, every: int = 1) -> Rhythm:
    """The rhythm of a weekday (Monday 0) of every so many weeks, beginning later than `after`."""
    ahead = (weekday - after.weekday() - 1) % 7 + 1
    return Rhythm(Unit.WEEK, every, after + timedelta(days=ahead))


def yearly(month: int, wanted: int, after: date, *, every: int = 1) -> Rhythm:
    """The rhythm of a day of every so many years, beginning later than `after`."""
    this: date = after + relativedelta(month=month, day=wanted)
    following: date = after + relativedelta(years=1, month=month, day=wanted)
    return Rhythm(Unit.YEAR, every, this if this > after else following, wanted)


def moment_of(day: date, zone: tzinfo) -> datetime:
    """When on that local day something comes round, in UTC."""
    return datetime.combine(day, HOUR, zone).astimezone(UTC)
