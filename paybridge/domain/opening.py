"""When a shop is open by its own clock, as it is typed: "mon-fri 08:00-18:00, sat 20:00-02:00"; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_SPANS: Final = 28
WHOLE_DAY: Final = 24 * 60
WEEK: Final = 7
_IN_CHINESE: Final = "一二三四五六日"
_DAY_WORDS: Final = {
    **{word: at for at, word in enumerate(DAYS)},
    **{
        word: at
        for at, word in enumerate(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        )
    },
    **{f"{mark}{word}": at for at, word in enumerate(_IN_CHINESE) for mark in ("周", "星期")},
    **dict.fromkeys(("周天", "星期天"), 6),
}
_PARTS: Final = re.compile("[,;\uff0c\uff1b\u3001]")
_DASHES: Final = re.compile("\\s*(?:[-\u2013\u2014\uff5e~\u81f3\u5230]|\\bto\\b)\\s*")
_SPAN: Final = re.compile("([0-9]{1,2})(?:[:.\uff1a]([0-9]{2}))?-([0-9]{1,2})(?:[:.\uff1a]([0-9]{2}))?")
_DAILY: Final = frozenset({"daily", "每天"})


class HoursNotReadError(UserError):
    """The words say no opening hours, or two that overlap."""

    key = "error.hours_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!shop hours mon-fri 08:00-18:00, sat 09:00-13:00",)


class ShopClosedNowError(UserError):
    """The shop has opening hours, and it is none of them."""

    key = "error.shop_closed_now"

    def __init__(self, *, shop: str, opens: datetime) -> None:
        super().__init__(shop=shop, opens=opens)

    def lines(self) -> tuple[str, ...]:
        return ("!menu",)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From minute `begins` of weekday `day` (0 is Monday) up to minute `ends` of it.

    One that ends past 24:00 ends on the next day.
    """

    day: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Hours:
    """All spans of a week, in order; they do not overlap."""

    spans: tuple[Span, ...]

    def is_open(self, at: datetime, zone: tzinfo) -> bool:
        """Whether the shop is open at this moment."""
        return any(begins <= at < ends for begins, ends in self._around(at, zone))

    def opens_next(self, at: datetime, zone: tzinfo) -> datetime:
        """When it opens the next time after this moment, in its own zone."""
        begins = min(begins for begins, _ in self._around(at, zone) if begins > at)
        return begins.astimezone(zone)

    def _around(self, at: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """The spans from the day before up to the day two weeks later, in UTC: clocks may skip one.

        A time that clocks skip is the moment when they do; of one that comes twice, a shop opens at the first
        and closes at the second.
        """
        today = at.astimezone(zone).date()
        for days in range(-1, 2 * WEEK + 2):
            day = today + timedelta(days=days)
            for span in self.spans:
                if span.day == day.weekday():
                    begins, ends = _moment(day, span.begins, zone, 0), _moment(day, span.ends, zone, 1)
                    if begins < ends:
                        yield begins, ends

    def __str__(self) -> str:
        """As `read_hours` reads it; days in a row that are alike stand together."""
        by_day = [[one for one in self.spans if one.day == day] for day in range(WEEK)]
        said = [" ".join(f"{_clock(one.begins)}-{_clock(one.ends)}" for one in spans) for spans in by_day]
        parts, first = [], 0
        for day in range(1, WEEK + 1):
            if day < WEEK and said[day] == said[first]:
                continue
            if said[first]:
                name = DAYS[first] if day - first == 1 else f"{DAYS[first]}-{DAYS[day - 1]}"
                parts.append(f"{name} {said[first]}")
            first = day
        return ", ".join(parts)


def read_hours(typed: str) -> Hours:
    """Read "mon-fri 08:00-12:00 14:00-18:00, sat 9-13", "daily 18:00-02:00"; HoursNotReadError."""
    found: list[Span] = []
    for part in _PARTS.split(_DASHES.sub("-", typed.casefold())):
        days, spans = _read_part(part.split(), typed)
        found += [Span(day, begins, ends) for day in days for begins, ends in spans]
    found.sort()
    if not found or len(found) > MOST_SPANS or _overlap(found):
        raise HoursNotReadError(typed=typed[:80])
    return Hours(tuple(found))


def _read_part(words: Sequence[str], typed: str) -> tuple[list[int], list[tuple[int, int]]]:
    days: list[int] = []
    spans: list[tuple[int, int]] = []
    for word in words:
        span = _SPAN.fullmatch(word)
        if span is not None:
            spans.append(_read_span(span, typed))
        elif spans:
            raise HoursNotReadError(typed=typed[:80])
        else:
            days += _read_days(word, typed)
    if not days or not spans:
        raise HoursNotReadError(typed=typed[:80])
    return days, spans


def _read_days(word: str, typed: str) -> list[int]:
    if word in _DAILY:
        return list(range(WEEK))
    first, _, last = word.partition("-")
    begins, ends = _DAY_WORDS.get(first), _DAY_WORDS.get(last or first)
    if begins is None or ends is None:
        raise HoursNotReadError(typed=typed[:80])
    return [(begins + more) % WEEK for more in range((ends - begins) % WEEK + 1)]


def _read_span(span: re.Match[str], typed: str) -> tuple[int, int]:
    """Minutes of the day; an end that is not after the beginning is on the next day."""
    begins, ends = (int(span[at]) * 60 + int(span[at + 1] or 0) for at in (1, 3))
    minutes = (int(span[at] or 0) for at in (2, 4))
    if begins >= WHOLE_DAY or ends > WHOLE_DAY or begins == ends or any(one > 59 for one in minutes):  # noqa: PLR2004 - of an hour
        raise HoursNotReadError(typed=typed[:80])
    return begins, ends if ends > begins else ends + WHOLE_DAY


def _overlap(spans: Sequence[Span]) -> bool:
    """Whether two of them have a minute in common, also across the end of the week."""
    minutes = sorted((one.day * WHOLE_DAY + one.begins, one.day * WHOLE_DAY + one.ends) for one in spans)
    minutes.append((minutes[0][0] + WEEK * WHOLE_DAY, 0))
    return any(ends > begins for (_, ends), (begins, _) in pairwise(minutes))


def _moment(day: date, minute: int, zone: tzinfo, fold: int) -> datetime:
    day += timedelta(days=minute // WHOLE_DAY)
    clock = time(minute % WHOLE_DAY // 60, minute % 60, fold=fold)
    found = datetime.combine(day, clock, zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, clock.replace(fold=0)):
        return found
    # The clocks skip it: the moment when they do lies between what the two offsets make of it.
    return _skip(day, clock, zone)


def _skip(day: date, clock: time, zone: tzinfo) -> datetime:
    late, early = (datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset():
            early = middle
        else:
            late = middle
    return late.replace(second=0, microsecond=0)


def _clock(minute: int) -> str:
    """24:00 stays so; what is on the next day is told by its clock."""
    shown = minute if minute <= WHOLE_DAY else minute - WHOLE_DAY
    return f"{shown // 60:02}:{shown % 60:02}"
