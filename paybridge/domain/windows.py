"""Local days, months and nights as spans of time, in any zone and across every change of its clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MIDNIGHT: Final = time(0)
_DAY: Final = timedelta(days=1)


class UnknownZoneError(ValueError):
    """No time zone of the IANA database has this name."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, and without, `end`; both in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Night:
    """From when to when it is night by the local clock; it may end before it begins, on the next day."""

    begins: time
    ends: time


@lru_cache(maxsize=512)
def zone_named(name: str) -> tzinfo:
    """The zone of this IANA name ("Europe/Berlin"), or `UnknownZoneError`."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise UnknownZoneError(name) from None


def day_of(at: datetime, zone: tzinfo) -> Window:
    """The local day that `at` falls in; 23 or 25 hours long where clocks are changed on it."""
    today = at.astimezone(zone).date()
    return _window(at, zone, (today, MIDNIGHT), (today + _DAY, MIDNIGHT))


def month_of(at: datetime, zone: tzinfo) -> Window:
    """The local calendar month that `at` falls in."""
    first = at.astimezone(zone).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return _window(at, zone, (first, MIDNIGHT), (following, MIDNIGHT))


def night_of(at: datetime, zone: tzinfo, night: Night) -> Window | None:
    """The night that `at` falls in; None by day."""
    local = at.astimezone(zone)
    today, clock = local.date(), local.time()
    begun, over = clock >= night.begins, clock >= night.ends
    if night.begins < night.ends:
        first = last = today
        if not begun or over:
            return None
    elif begun:
        first, last = today, today + _DAY
    elif not over:
        first, last = today - _DAY, today
    else:
        return None
    return _window(at, zone, (first, night.begins), (last, night.ends))


def _window(at: datetime, zone: tzinfo, start: tuple[date, time], end: tuple[date, time]) -> Window:
    ends = _moment(*end, zone, fold=0)
    # Where clocks are put back across the end, it comes twice: past the first, the second counts.
    return Window(_moment(*start, zone, fold=0), ends if ends > at else _moment(*end, zone, fold=1))


def _moment(day: date, clock: time, zone: tzinfo, *, fold: int) -> datetime:
    return datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)
