"""Until when something is asked for: "by friday", "by 2026-12-01", 周五前. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from datetime import tzinfo

FARTHEST: Final = timedelta(days=45)
"""A request waits for less than so long, its own day included."""
_BY: Final = frozenset({"by", "until"})
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKS: Final = ("周", "星期", "礼拜")
_DAYS: Final = {
    **{name: at for at, name in enumerate(_WEEKDAYS)},
    **{name[:3]: at for at, name in enumerate(_WEEKDAYS)},
    "tues": 1,
    "thur": 3,
    "thurs": 3,
    **{
        f"{week}{day}": at % 7 for week in ("周", "星期", "礼拜") for at, day in enumerate("一二三四五六日天")
    },
    **{f"{week}天": 6 for week in ("周", "星期", "礼拜")},
}
_FROM_TODAY: Final = {"today": 0, "今天": 0, "tomorrow": 1, "明天": 1, "后天": 2}
_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_BEFORE: Final = "前"


class NoSuchDayError(UserError):
    """There is no such day in the calendar."""

    key = "error.no_such_day"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class DayNotPossibleError(UserError):
    """The day is over, or too far away."""

    key = "error.day_not_possible"

    def __init__(self, *, typed: str, first: date, last: date) -> None:
        super().__init__(typed=typed, first=first, last=last)


def read_due(words: str, now: datetime, zone: tzinfo) -> tuple[str, datetime | None]:
    """The words without "by friday", and when that day ends in `zone`; None if no day is named.

    A weekday is the next one, today included. "by" before anything but a day is a part of the note. Raises
    NoSuchDayError, and DayNotPossibleError for a day before today or after `FARTHEST`.
    """
    typed, today = words.split(), now.astimezone(zone).date()
    for at, word in enumerate(typed):
        behind = typed[at + 1] if at + 1 < len(typed) else ""
        day, taken = None, 0
        if word.casefold() in _BY:
            day, taken = _day(behind, today), 2
        elif word.endswith(_BEFORE):
            day, taken = _day(word.removesuffix(_BEFORE), today), 1
        if day is None:
            continue
        last = today + FARTHEST - timedelta(days=1)
        if not today <= day <= last:
            raise DayNotPossibleError(typed=behind or word, first=today, last=last)
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        return " ".join(typed[:at] + typed[at + taken :]), ends
    return words, None


def _day(word: str, today: date) -> date | None:
    bare = word.casefold().rstrip(",.;")
    if bare in _FROM_TODAY:
        return today + timedelta(days=_FROM_TODAY[bare])
    if bare in _DAYS:
        return today + timedelta(days=(_DAYS[bare] - today.weekday()) % 7)
    if not _ISO.fullmatch(bare):
        return None
    year, month, day = map(int, bare.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDayError(typed=bare) from None
