"""A month of a calendar: how people name one, and when it begins and ends where they live."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from babel import Locale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, tzinfo

MONTHS: Final = 12
_FIGURES: Final = re.compile(r"(?P<year>[0-9]{4})[-/.年](?P<month>[0-9]{1,2})月?|(?P<only>[0-9]{1,2})月")
_YEAR: Final = re.compile(r"([0-9]{4})年?")
_THIS: Final = frozenset({"this month", "本月", "这个月"})
_LAST: Final = frozenset({"last month", "上月", "上个月"})
_EARLIEST, _LATEST = 1970, 9998


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month: the year, and 1 to 12."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def moved(self, months: int) -> Month:
        """The month so many months later, or earlier."""
        years, month = divmod(self.year * MONTHS + self.month - 1 + months, MONTHS)
        return Month(years, month + 1)

    def begins(self, zone: tzinfo) -> datetime:
        """The moment at which it begins in `zone`; the month before it ends then."""
        return datetime(self.year, self.month, 1, tzinfo=zone)


def month_of(day: date) -> Month:
    """The month in which `day` is."""
    return Month(day.year, day.month)


def read_month(words: Sequence[str], language: str, today: date) -> tuple[Month, int] | None:
    """The month that `words` begin with, and how many of them name it; None if they name none.

    As figures ("2026-10", "10月"), by its name in English or in `language` (BCP 47), with or without a year,
    or as this or the last one. Without a year it is the latest such month that has begun.
    """
    if not words:
        return None
    first, two = words[0].casefold().strip(",."), " ".join(words[:2]).casefold()
    for spoken, used in ((two, 2), (first, 1)):
        if spoken in _THIS | _LAST and used <= len(words):
            return month_of(today).moved(-1 if spoken in _LAST else 0), used
    figures = _FIGURES.fullmatch(first)
    if figures is not None:
        number = int(figures["month"] or figures["only"])
        return _checked(number, int(figures["year"]) if figures["year"] else None, today, 1)
    number = names_of_months(language).get(first, 0)
    year = _YEAR.fullmatch(words[1]) if len(words) > 1 else None
    return _checked(number, int(year[1]) if year else None, today, 2 if year else 1)


def _checked(number: int, year: int | None, today: date, used: int) -> tuple[Month, int] | None:
    if not 1 <= number <= MONTHS or not (year is None or _EARLIEST <= year <= _LATEST):
        return None
    latest = today.year if number <= today.month else today.year - 1
    return Month(latest if year is None else year, number), used


@lru_cache(maxsize=16)
def names_of_months(language: str) -> Mapping[str, int]:
    """Every name of a month in English and in `language`, in small letters without dots (from CLDR)."""
    found: dict[str, int] = {}
    for locale in (Locale.parse("en"), Locale.parse(language)):
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                names: Mapping[int, str] = locale.months[form][width]
                found |= {name.casefold().strip("."): number for number, name in names.items()}
    return found
