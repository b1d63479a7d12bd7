"""How often, until when, at most how much: "monthly 1st until 2027-06 max 650", 每月1号. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from dateutil.relativedelta import relativedelta

from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.due import DayNotPossibleError, NoSuchDayError
from paybridge.domain.errors import UserError
from paybridge.domain.rhythm import MOST_EVERY, Rhythm, Unit, monthly, weekly, yearly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UNITS: Final[Mapping[str, tuple[Unit, int]]] = {
    "weekly": (Unit.WEEK, 1),
    "fortnightly": (Unit.WEEK, 2),
    "monthly": (Unit.MONTH, 1),
    "quarterly": (Unit.MONTH, 3),
    "yearly": (Unit.YEAR, 1),
    "annually": (Unit.YEAR, 1),
    "每周": (Unit.WEEK, 1),
    "每星期": (Unit.WEEK, 1),
    "每两周": (Unit.WEEK, 2),
    "每月": (Unit.MONTH, 1),
    "每个月": (Unit.MONTH, 1),
    "每季度": (Unit.MONTH, 3),
    "每年": (Unit.YEAR, 1),
}
_EVERY: Final[Mapping[str, tuple[Unit, int]]] = {
    "week": (Unit.WEEK, 1),
    "weeks": (Unit.WEEK, 1),
    "month": (Unit.MONTH, 1),
    "months": (Unit.MONTH, 1),
    "quarter": (Unit.MONTH, 3),
    "quarters": (Unit.MONTH, 3),
    "year": (Unit.YEAR, 1),
    "years": (Unit.YEAR, 1),
}
_TOO_OFTEN: Final = frozenset({"daily", "hourly", "每天", "每日", "每小时"})
_TOO_OFTEN_UNITS: Final = frozenset({"day", "days", "hour", "hours"})
_COUNTS: Final = {"other": 2, "two": 2, "second": 2, "three": 3, "four": 4, "six": 6}
_WEEKDAYS: Final = {
    **{name: at for at, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    **{
        name: at
        for at, name in enumerate(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        )
    },
    **{f"{week}{day}": at % 7 for week in ("周", "星期") for at, day in enumerate("一二三四五六日")},
    "周天": 6,
    "星期天": 6,
}
_MONTHS: Final = {
    name: at + 1
    for at, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    )
}
_LAST: Final = frozenset({"last", "月底", "最后一天"})
_FILLING: Final = frozenset({"on", "the", "day", "of", "at", "in", "each"})
_UNTIL: Final = frozenset({"until", "till", "直到", "至"})
_FROM: Final = frozenset({"starting", "start", "since", "起始", "开始"})
_MOST: Final = frozenset({"max", "最多"})
_DAY: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.|号|日)?")
_ORDINAL: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.|号|日)")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})")
_YEARLY_DAY: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})|([0-9]{1,2})月([0-9]{1,2})[日号]")
_GLUED: Final = re.compile(r"(每两周|每周|每星期|每个月|每月|每年)(\S+)")
_LAST_DAY: Final = 31
_DAY_AND_MONTH: Final = 2
_SIGNS: Final = frozenset("€$£¥₹")
_FARTHEST: Final = timedelta(days=5 * 366)
"""No first day is later."""


class NoRhythmError(UserError):
    """Nothing says how often."""

    key = "error.no_rhythm"


class TooOftenError(UserError):
    """Every day, or more often."""

    key = "error.too_often"


class NotARhythmError(UserError):
    """A word that should say when says nothing that is known."""

    key = "error.not_a_rhythm"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class OverBeforeItBeginsError(UserError):
    """The last day is before the first."""

    key = "error.over_before_it_begins"

    def __init__(self, *, first: date) -> None:
        super().__init__(first=first)


@dataclass(frozen=True, slots=True)
class RhythmWords:
    """What was read: the rhythm, its last possible day (None: no end), what follows "max", and all else.

    It `floats` if nothing said on which day, so that it goes by the day on which it was typed.
    """

    rhythm: Rhythm
    until: date | None
    most: str
    rest: str
    floats: bool = False


def read_rhythm(words: str, today: date) -> RhythmWords:
    """Read how often; the first day is later than `today` (the local day), and not before "starting".

    Without a day of its own, a rhythm goes by today's: its first day is one period away. Raises
    NoRhythmError, TooOftenError, NotARhythmError, NoSuchDayError, DayNotPossibleError and
    OverBeforeItBeginsError.
    """
    typed = [part for word in words.split() for part in _apart(word)]
    typed, until = _cut(typed, _UNTIL, _last_day)
    typed, start = _cut(typed, _FROM, _day_of)
    typed, most = _cut_most(typed)
    place = next((at for at, word in enumerate(typed) if _begins(typed, at, word)), None)
    if place is None:
        raise NoRhythmError
    unit, every, behind = _unit(typed, place)
    if start is not None and not today < start <= today + _FARTHEST:
        raise DayNotPossibleError(typed=f"{start}", first=today + timedelta(days=1), last=today + _FARTHEST)
    rhythm, end = _rhythm(_Said(unit, every, today, start), typed, behind)
    if until is not None and until < rhythm.start:
        raise OverBeforeItBeginsError(first=rhythm.start)
    floats = start is None and end == behind
    return RhythmWords(rhythm, until, most, " ".join(typed[:place] + typed[end:]), floats)


def _apart(word: str) -> tuple[str, ...]:
    """每月1号 and 每周五 are two words that are written as one."""
    glued = _GLUED.fullmatch(word)
    if glued is None or word in _UNITS or word in _TOO_OFTEN:
        return (word,)
    unit, day = glued[1], glued[2]
    return (unit, f"周{day}") if unit in {"每周", "每两周", "每星期"} and len(day) == 1 else (unit, day)


def _begins(typed: list[str], at: int, word: str) -> bool:
    bare = word.casefold()
    if bare in _TOO_OFTEN:
        raise TooOftenError
    return bare in _UNITS or (bare == "every" and at + 1 < len(typed))


def _unit(typed: list[str], at: int) -> tuple[Unit, int, int]:
    """The unit, how many of it, and where the words behind it begin."""
    word = typed[at].casefold()
    if word in _UNITS:
        return (*_UNITS[word], at + 1)
    count, behind = 1, at + 1
    told = typed[behind].casefold()
    if told in _COUNTS or (told.isascii() and told.isdecimal()):
        count, behind = _COUNTS.get(told) or int(told[:6]), behind + 1
    named = typed[behind].casefold() if behind < len(typed) else ""
    if named in _TOO_OFTEN_UNITS:
        raise TooOftenError
    if named in _WEEKDAYS and count <= MOST_EVERY:
        return Unit.WEEK, count, behind
    if named not in _EVERY:
        raise NotARhythmError(typed=" ".join(typed[at : behind + 1])[:40])
    unit, times = _EVERY[named]
    if not 1 <= count * times <= MOST_EVERY:
        raise NotARhythmError(typed=" ".join(typed[at : behind + 1])[:40])
    return unit, count * times, behind + 1


@dataclass(frozen=True, slots=True)
class _Said:
    """What is known before the day is read; `start` is the first day, where one is named."""

    unit: Unit
    every: int
    today: date
    start: date | None

    @property
    def after(self) -> date:
        """The day before the first that is possible."""
        return self.today if self.start is None else self.start - timedelta(days=1)

    def without_day(self) -> Rhythm:
        """The rhythm by the day that it starts on, or by today's."""
        if self.start is not None:
            return Rhythm(self.unit, self.every, self.start, 0 if self.unit is Unit.WEEK else self.start.day)
        if self.unit is Unit.WEEK:
            return Rhythm(self.unit, self.every, self.today + timedelta(weeks=self.every))
        months = self.every * (12 if self.unit is Unit.YEAR else 1)
        start: date = self.today + relativedelta(months=months)
        return Rhythm(self.unit, self.every, start, self.today.day)


def _rhythm(said: _Said, typed: list[str], behind: int) -> tuple[Rhythm, int]:
    """The rhythm with the day that the words from `behind` on name, and where the words behind it begin."""
    at = behind
    while at < len(typed) and typed[at].casefold() in _FILLING:
        at += 1
    word = typed[at].casefold().rstrip(",;") if at < len(typed) else ""
    match said.unit:
        case Unit.WEEK if word in _WEEKDAYS:
            return weekly(_WEEKDAYS[word], said.after, every=said.every), at + 1
        case Unit.YEAR if (found := _of_the_year(typed, at)) is not None:
            month, wanted, end = found
            return yearly(month, wanted, said.after, every=said.every), end
        case Unit.MONTH if word in _LAST:
            more = at + 1 < len(typed) and typed[at + 1].casefold() == "day"
            return monthly(_LAST_DAY, said.after, every=said.every), at + 1 + more
        case Unit.MONTH if _is_day(typed, at, word, filled=at > behind):
            wanted = int(word.rstrip("stndrh.号日"))
            if not 1 <= wanted <= _LAST_DAY:
                raise NoSuchDayError(typed=word)
            return monthly(wanted, said.after, every=said.every), at + 1
    return said.without_day(), behind


def _is_day(typed: list[str], at: int, word: str, *, filled: bool) -> bool:
    """A bare "15" behind "monthly" is its day; "15 EUR" is not."""
    if _DAY.fullmatch(word) is None:
        return False
    return bool(_ORDINAL.fullmatch(word)) or filled or _stands_alone(typed, at)


def _stands_alone(typed: list[str], at: int) -> bool:
    """A bare "15" behind "monthly" is its day; "15 EUR" is not."""
    behind = typed[at + 1] if at + 1 < len(typed) else ""
    return behind.upper() not in EXPONENTS and behind not in _SIGNS


def _of_the_year(typed: list[str], at: int) -> tuple[int, int, int] | None:
    """Month and day, from "1 March", "March 1st", "03-01" or 3月1日, and where the words behind begin."""
    words = [word.casefold().rstrip(",.;") for word in typed[at : at + 3]]
    short = _YEARLY_DAY.fullmatch(words[0]) if words else None
    if short is not None:
        month, wanted = (int(part) for part in short.groups() if part is not None)
        return _checked(month, wanted, words[0]), wanted, at + 1
    if "of" in words[1:2]:
        del words[1]
    taken = min(3, len(typed) - at) - len(words) + _DAY_AND_MONTH
    pair = words[:_DAY_AND_MONTH]
    for name, day in (pair, pair[::-1]) if len(pair) == _DAY_AND_MONTH else ():
        wanted_day = _DAY.fullmatch(day)
        if name[:3] in _MONTHS and wanted_day:
            month = _MONTHS[name[:3]]
            return _checked(month, int(wanted_day[1]), f"{name} {day}"), int(wanted_day[1]), at + taken
    return None


def _checked(month: int, day: int, typed: str) -> int:
    """The month, if it has such a day in a leap year."""
    try:
        date(2024, month, day)
    except ValueError:
        raise NoSuchDayError(typed=typed) from None
    return month


def _cut(
    typed: list[str], marks: frozenset[str], read: Callable[[str], date | None]
) -> tuple[list[str], date | None]:
    """The words without a mark and the day behind it, and that day; a mark before anything else stays."""
    for at, word in enumerate(typed[:-1]):
        day = read(typed[at + 1].rstrip(",;")) if word.casefold() in marks else None
        if day is not None:
            return typed[:at] + typed[at + 2 :], day
    return typed, None


def _cut_most(typed: list[str]) -> tuple[list[str], str]:
    """The words without "max 650 EUR", and what stood behind "max"."""
    for at, word in enumerate(typed[:-1]):
        if word.casefold() in _MOST:
            behind = typed[at + 2] if at + 2 < len(typed) else ""
            end = at + 2 + (behind.upper() in EXPONENTS or behind in _SIGNS)
            return typed[:at] + typed[end:], " ".join(typed[at + 1 : end])
    return typed, ""


def _day_of(word: str) -> date | None:
    found = _DATE.fullmatch(word)
    return _existing(word, found[1], found[2], found[3]) if found else None


def _last_day(word: str) -> date | None:
    """The day, or the last one of the month."""
    found = _MONTH.fullmatch(word)
    if found is None:
        return _day_of(word)
    last: date = _existing(word, found[1], found[2], "1") + relativedelta(day=_LAST_DAY)
    return last


def _existing(word: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise NoSuchDayError(typed=word) from None
