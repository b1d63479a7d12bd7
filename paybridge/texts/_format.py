"""Facts as people read them: money, times and numbers by CLDR, and text that cannot pose as anything else."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_decimal

from paybridge.domain.currencies import EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from paybridge.domain.money import Money
    from paybridge.domain.month import Month

_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_MARKS: Final = frozenset({"Mn", "Me"})
_UNSEEN_LETTERS: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_THOUSANDTHS: Final = 3
_MOST_MARKS: Final = 6
"""More marks on one letter than any script needs would be drawn over the lines above and below."""


def money_text(money: Money, locale: Locale) -> str:
    """Write "1,234.50 EUR": figures as the language has them, and always the code, for "$" is many things."""
    decimals = EXPONENTS[money.currency]
    pattern = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return f"{format_decimal(money.decimal(), format=pattern, locale=locale)} {money.currency}"


def money_to_copy(money: Money) -> str:
    """Write "1234.50 EUR", which is read back as exactly this by anyone, whatever number format they stored.

    Three decimals get a zero more ("12.5050 KWD"), for "12.505" is also how some write twelve thousand.
    """
    spare = "0" if EXPONENTS[money.currency] == _THOUSANDTHS else ""
    return f"{money.plain()}{spare} {money.currency}"


def number_text(number: int, locale: Locale) -> str:
    """Write a whole number as the language does."""
    return format_decimal(number, locale=locale)


def date_text(day: date, locale: Locale) -> str:
    """Write a day, the month by its name: 1/10 is two different days."""
    return format_skeleton("yMMMd", datetime(day.year, day.month, day.day, tzinfo=UTC), locale=locale)


def month_text(month: Month, locale: Locale) -> str:
    """Write a month by its name, with the year."""
    return format_skeleton("yMMMM", datetime(month.year, month.month, 1, tzinfo=UTC), locale=locale)


def time_text(at: datetime, locale: Locale, zone: str | None) -> str:
    """Write a time of day where the person lives (None: as it was told), with how far that is from UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    local = aware if zone is None else aware.astimezone(_zone(zone))
    day = format_skeleton("yMMMd", local, tzinfo=local.tzinfo, locale=locale)
    clock = format_skeleton("Hm", local, tzinfo=local.tzinfo, locale=locale)
    return f"{day} {clock} {_offset(local)}"


def seen(text: str) -> str:
    """Give what a person sees of a text, on one line."""
    spaced = (" " if char.isspace() else char for char in text)
    return " ".join(_without_piles(char for char in spaced if not _is_unseen(char)).split())


def clean(text: str) -> str:
    """One line without anything unseen, so that a name or note cannot reorder or hide what stands beside it.

    Text that runs from right to left is isolated: without that it would pull figures beside it across.
    """
    line = seen(text)
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line):
        return f"{_ISOLATE}{line}{_END_ISOLATE}"
    return line


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN_CATEGORIES or char in _UNSEEN_LETTERS


def _without_piles(text: Iterable[str]) -> str:
    """The text without piles of marks, and without marks that have no letter of their own to stand on."""
    kept: list[str] = []
    marks = _MOST_MARKS
    for char in text:
        if unicodedata.category(char) in _MARKS:
            marks += 1
        else:
            marks = _MOST_MARKS if char == " " else 0
        if marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or UTC.utcoffset(None)).total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


@lru_cache(maxsize=512)
def _zone(name: str) -> tzinfo:
    """Find a zone; one that this machine does not know is shown as UTC, which the text then says."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return UTC
