"""Figures as people write them: scripts, hidden characters, decimal marks and groups of digits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from paybridge.domain.amount_errors import (
    BadGroupingError,
    HiddenCharacterError,
    LeadingZeroError,
    MixedScriptError,
    TrailingSeparatorError,
)

# Zeros of the scripts whose digits are read. Letterlike digits (mathematical bold, ...) are left out.
_ZEROS: Final = {
    "0": "ASCII", "\uff10": "full width", "\u0660": "Arabic", "\u06f0": "Persian", "\u0966": "Devanagari",
    "\u09e6": "Bengali", "\u0a66": "Gurmukhi", "\u0ae6": "Gujarati", "\u0be6": "Tamil", "\u0c66": "Telugu",
    "\u0ce6": "Kannada", "\u0d66": "Malayalam", "\u0e50": "Thai", "\u0ed0": "Lao", "\u17e0": "Khmer",
    "\u1040": "Myanmar",
}  # fmt: skip
_DIGITS: Final = {chr(ord(zero) + n): (str(n), script) for zero, script in _ZEROS.items() for n in range(10)}

ARABIC_DECIMAL: Final = "\u066b"
ARABIC_GROUP: Final = "\u066c"
_SAME_AS: Final = (
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full width forms of ASCII
    | {"\uffe5": "\xa5", "\uffe1": "\xa3", "\uffe0": "\xa2", "\uffe6": "\u20a9"}  # full width ¥ £ ¢ ₩
    | dict.fromkeys("\u2019\u02bc\u2018\uff07", "'")
    | dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\uff0d", "-")
    | dict.fromkeys("\t\xa0\u2002\u2003\u2007\u2008\u2009\u202f\u3000", " ")
    | dict.fromkeys("\u2715\u2716", "\xd7")
)
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Zl", "Zp"})
_UNSEEN_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
_ALPHABETS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


@dataclass(frozen=True, slots=True)
class Figures:
    """The digits before and after the decimal mark; `doubtful` is a mark that may as well part thousands."""

    whole: str
    fraction: str
    doubtful: str | None = None


def without_unseen(text: str) -> str:
    """Leave out characters that nobody sees."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in unicodedata.normalize("NFC", text) if not _is_unseen(char))


def plain(text: str) -> str:
    """Write the same with ASCII digits, spaces, dashes and apostrophes.

    HiddenCharacterError or MixedScriptError where it may look like something that it is not.
    """
    text = unicodedata.normalize("NFC", text)
    if any(_is_unseen(char) for char in text):
        raise HiddenCharacterError(typed=text)
    if len({_DIGITS[char][1] for char in text if char in _DIGITS}) > 1 or mixes_alphabets(text):
        raise MixedScriptError(typed=text)
    return in_ascii(text)


def in_ascii(text: str) -> str:
    """Write digits, spaces, dashes and apostrophes in ASCII, whatever else stands there."""
    if text.isascii():
        return text.replace("\t", " ")
    return "".join(_DIGITS[char][0] if char in _DIGITS else _SAME_AS.get(char, char) for char in text)


def mixes_alphabets(text: str) -> bool:
    """Whether letters of two alphabets that look alike stand in one word."""
    if text.isascii():
        return False
    for word in text.split():
        names = (unicodedata.name(char, "") for char in word if char.isalpha())
        found = {alphabet for name in names for alphabet in _ALPHABETS if name.startswith(alphabet)}
        if len(found) > 1:
            return True
    return False


def _is_unseen(char: str) -> bool:
    return char in _UNSEEN_LETTERS or (unicodedata.category(char) in _UNSEEN_CATEGORIES and char != "\t")


_MARKS: Final = re.compile(rf"[.,' {ARABIC_DECIMAL}{ARABIC_GROUP}]")
_WESTERN: Final = re.compile(r"\d{1,3}(?:\D\d{3})+", re.ASCII)
_INDIAN: Final = re.compile(r"\d{1,2}(?:,\d{2})*,\d{3}", re.ASCII)
_DOUBTFUL: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_EMPTY_FRACTION: Final = re.compile(r"[.,]-{1,2}$")


def figures_of(number: str, *, indian: bool) -> Figures:
    """Read a number of ASCII digits and marks such as "1.234,56", "1'234", "5,-" or ".50".

    BadGroupingError, LeadingZeroError or TrailingSeparatorError where it is not written as any country does.
    """
    body, dashes = _EMPTY_FRACTION.subn("", number)
    if dashes:  # "1.234,-": the mark before the dash is the decimal one
        body = number[: len(body) + 1] + "00"
    if not body[-1].isdecimal():
        raise TrailingSeparatorError(typed=number)
    whole, fraction = _parted(number, body, indian=indian)
    if len(whole) > 1 and whole.startswith("0"):
        raise LeadingZeroError(typed=number)
    doubtful = _MARKS.search(body) if _DOUBTFUL.fullmatch(body) else None
    return Figures(whole, "" if dashes else fraction, doubtful[0] if doubtful else None)


def _parted(number: str, body: str, *, indian: bool) -> tuple[str, str]:
    """Part whole from fraction; a single point or comma counts as the decimal mark."""
    marks = _MARKS.findall(body)
    if not marks:
        return body, ""
    last, kinds = marks[-1], len(set(marks))
    has_fraction = last in ".,\u066b" and marks.count(last) == 1
    if kinds > 1 + has_fraction:
        raise BadGroupingError(typed=number)
    whole, fraction = body.rsplit(last, 1) if has_fraction else (body, "")
    if not _MARKS.search(whole):
        return whole or "0", fraction
    if ARABIC_DECIMAL in whole or not (_WESTERN.fullmatch(whole) or (indian and _INDIAN.fullmatch(whole))):
        raise BadGroupingError(typed=number)
    return _MARKS.sub("", whole), fraction
