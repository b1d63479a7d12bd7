"""Typed amounts: reading one, and finding the one among the words of a command."""
# ruff: noqa: RUF001 - the multiplication sign looks like a letter

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.amount_errors import (
    AmbiguousAmountError,
    AmbiguousCurrencyError,
    AmountError,
    BadGroupingError,
    BadMultiplicationError,
    CurrencyConflictError,
    ExponentNotationError,
    FractionSignError,
    HiddenCharacterError,
    LeadingZeroError,
    MixedScriptError,
    NegativeError,
    NoAmountError,
    NoCurrencyError,
    NotANumberError,
    ParenthesesError,
    PlusSignError,
    SubunitError,
    SuperscriptError,
    SymbolInsideError,
    TooLargeError,
    TooManyDecimalsError,
    TrailingSeparatorError,
    TwoAmountsError,
    UnderscoreError,
    UnknownCurrencyNameError,
    WordAmountError,
    ZeroError,
)
from paybridge.domain.amount_reading import NumberFormat, ReadAmount, is_amount_word, read_amount
from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.currency_names import NOT_OURS, POWERS, SUBUNITS, meanings
from paybridge.domain.numerals import in_ascii, mixes_alphabets, without_unseen

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AmbiguousAmountError",
    "AmbiguousCurrencyError",
    "AmountError",
    "BadGroupingError",
    "BadMultiplicationError",
    "CurrencyConflictError",
    "ExponentNotationError",
    "FractionSignError",
    "HiddenCharacterError",
    "LeadingZeroError",
    "MixedScriptError",
    "NegativeError",
    "NoAmountError",
    "NoCurrencyError",
    "NotANumberError",
    "NumberFormat",
    "ParenthesesError",
    "PlusSignError",
    "ReadAmount",
    "SubunitError",
    "SuperscriptError",
    "SymbolInsideError",
    "TooLargeError",
    "TooManyDecimalsError",
    "TrailingSeparatorError",
    "TwoAmountsError",
    "UnderscoreError",
    "UnknownCurrencyNameError",
    "WordAmountError",
    "ZeroError",
    "find_amount",
    "looks_like_amount",
    "read_amount",
]

_WORDS_LOOKED_AT: Final = 100
_LETTERS_LOOKED_AT: Final = 110
_LONGEST_SPAN: Final = 8

_BEGINS_WITH_FIGURE: Final = re.compile(r"[(\[+-]*[.,]?[0-9]")
_BEGINS_WITH_MARK: Final = re.compile(
    r"[(+-]*(?P<mark>[^\W\d_]{0,10}[^\w\s]?\.?)[(+-]*(?P<rest>[.,]?[0-9]\S*)",
)
_FIGURES_ONLY: Final = re.compile(r"[0-9.,'xX×*]+(?P<rest>[^\W\d_]*\W?)")
_FIRST_GROUP: Final = re.compile(r"(?:.*[^0-9.,'])?[0-9]{1,3}", re.DOTALL)
_NEXT_GROUP: Final = re.compile(
    r"[0-9]{3}(?P<fraction>[.,](?:[0-9]+|-{1,2}))?(?P<rest>[^0-9.,'].*)?", re.DOTALL
)
_TIMES_FIRST: Final = re.compile(r"[xX×*](?=\S*[0-9])")
_LEADING_MARK: Final = re.compile(r"([^\W\d_]+|[^\w\s])\W")
_PUNCTUATION: Final = ",.;:!?)"


def looks_like_amount(word: str) -> bool:
    """Whether a person who types this word means an amount, well written or not."""
    text = in_ascii(without_unseen(word[:_LETTERS_LOOKED_AT]))
    if not text or text.isalpha():
        return False
    if _BEGINS_WITH_FIGURE.match(text) or unicodedata.category(text[0]) == "No":
        return True
    found = _BEGINS_WITH_MARK.fullmatch(text)
    if found is None:
        return False
    mark, rest = found["mark"], _FIGURES_ONLY.fullmatch(found["rest"])
    if mark and unicodedata.category(mark[-1]) == "Sc":
        return True
    return bool(meanings(mark) and rest and (not rest["rest"] or _is_unit_or_mark(rest["rest"])))


def find_amount(
    words: Sequence[str],
    *,
    default_currency: str | None,
    number_format: NumberFormat | None = None,
) -> tuple[ReadAmount, slice]:
    """Find the first amount among words, and which words it takes; what follows them is a note.

    It may be spread over several: "12,50 EUR", "EUR 12.5", "1 234,56 EUR", "3 x 5". The first word that
    looks like an amount and is none raises its own reason, a subclass of AmountError; if no word does,
    that is NoAmountError. Only the first hundred words are looked at.
    """
    search = _Search(tuple(words[:_WORDS_LOOKED_AT]), default_currency, number_format)
    for place, word in enumerate(search.words):
        if is_amount_word(word) and not search.is_code_in_front(place):
            raise WordAmountError(typed=word)
        if looks_like_amount(word):
            return search.read_at(place)
    raise NoAmountError


@dataclass(slots=True)
class _Span:
    """The words of one amount while it grows to the right."""

    start: int
    end: int
    pieces: list[str]
    grouped_by_space: bool = False
    fraction: bool = False
    lone_letter: bool = False
    marked: bool = False

    def take(self, *pieces: str) -> None:
        self.pieces.extend(pieces)
        self.end += len(pieces)

    @property
    def text(self) -> str:
        return " ".join(self.pieces)


@dataclass(frozen=True, slots=True)
class _Search:
    """The words of a command, and how its writer writes numbers."""

    words: tuple[str, ...]
    default_currency: str | None
    number_format: NumberFormat | None

    def is_code_in_front(self, place: int) -> bool:
        """Whether the word is a currency's code with its figures behind it: "ALL 5" is five lekë."""
        word, behind = self.words[place], self.words[place + 1 : place + 2]
        return word in EXPONENTS and any(looks_like_amount(each) for each in behind)

    def read_at(self, place: int) -> tuple[ReadAmount, slice]:
        span = self._span_at(place)
        try:
            read = self._read(span.text)
        except NoCurrencyError:
            self._refuse_doubtful_neighbour(span)
            raise
        if not span.marked:
            self._refuse_doubtful_neighbour(span)
        if not span.marked and (span.lone_letter or (span.grouped_by_space and not span.fraction)):
            shorter = self._read(" ".join([*self.words[span.start : place], self.words[place]]))
            raise AmbiguousAmountError(typed=span.text, readings=(shorter.money, read.money))
        return read, slice(span.start, span.end)

    def _read(self, text: str) -> ReadAmount:
        return read_amount(text, default_currency=self.default_currency, number_format=self.number_format)

    def _shown(self, place: int) -> str:
        """The word as a person sees it, in ASCII figures."""
        if place >= len(self.words):
            return ""
        return in_ascii(without_unseen(self.words[place][:_LETTERS_LOOKED_AT]))

    def _span_at(self, place: int) -> _Span:
        """All words that belong to the amount whose first figures stand at `place`."""
        start = place - 1 if place and meanings(self._shown(place - 1)) else place
        span = _Span(start, place + 1, list(self.words[start : place + 1]))
        span.marked = not self._shown(place)[-1:].isdecimal() and self._ends_in_mark(place)
        while span.end - span.start < _LONGEST_SPAN and self._grow(span):
            pass
        return span

    def _ends_in_mark(self, place: int) -> bool:
        tail = re.split(r"[0-9]", self._shown(place))[-1].lstrip(".,-")
        return tail.casefold() not in POWERS and _is_unit_or_mark(tail)

    def _grow(self, span: _Span) -> bool:
        """Take the next words if they belong to the amount."""
        following = self._shown(span.end)
        pair = f"{following} {self._shown(span.end + 1)}"
        if not following:
            return False
        if not span.marked:
            if self._take_group(span, following) or self._take_unit(span, following):
                return True
            if meanings(pair):
                span.take(*self.words[span.end : span.end + 2])
                span.marked = True
                return True
        return self._take_mark(span, following) or self._take_times(span, following)

    def _take_mark(self, span: _Span, following: str) -> bool:
        """Take "EUR" and "EUR," behind "5"; behind "5 USD" too, for both are meant to be read and refused."""
        mark = _as_mark(following)
        if not mark or (span.marked and mark.isalpha() and mark not in EXPONENTS):
            return False
        word = self.words[span.end]
        span.take(word if mark == following else word.rstrip(_PUNCTUATION))
        span.marked = True
        return True

    def _take_group(self, span: _Span, following: str) -> bool:
        """Take "234,56" behind "1", and "567" behind "1 234"."""
        found = _NEXT_GROUP.fullmatch(following)
        if found is None or not _FIRST_GROUP.fullmatch(self._shown(span.end - 1)):
            return False
        rest = found["rest"] or ""
        if rest and not _is_unit_or_mark(rest):
            return False
        span.grouped_by_space = True
        span.fraction = found["fraction"] is not None
        span.marked = bool(rest) and rest.casefold() not in POWERS
        span.take(self.words[span.end])
        return True

    def _take_unit(self, span: _Span, following: str) -> bool:
        """Take "lakh" behind "2", and "万円" behind "3"."""
        if not self._shown(span.end - 1)[-1:].isdecimal() or meanings(following):
            return False
        if not _is_unit_or_mark(following):
            return False
        span.lone_letter = following.isascii() and len(following) <= len("cr")
        span.marked = following.casefold() not in POWERS
        span.take(self.words[span.end])
        return True

    def _take_times(self, span: _Span, following: str) -> bool:
        """Take "x 12.50" or "x12.50" behind "3"."""
        if _TIMES_FIRST.match(following):
            taken = 1
        elif following in ("x", "X", "×", "*") and looks_like_amount(self._shown(span.end + 1)):
            taken = 2
        else:
            return False
        last = span.end + taken - 1
        span.take(*self.words[span.end : span.end + taken])
        span.marked = span.marked or (not self._shown(last)[-1:].isdecimal() and self._ends_in_mark(last))
        return True

    def _refuse_doubtful_neighbour(self, span: _Span) -> None:
        """Refuse if the word behind an amount without a currency says that something else was meant."""
        following = self._shown(span.end)
        word = following.rstrip(_PUNCTUATION)
        if word.casefold() in SUBUNITS:
            raise SubunitError(typed=f"{span.text} {word}")
        if word.casefold() in NOT_OURS:
            raise UnknownCurrencyNameError(typed=word)
        if mixes_alphabets(following):
            raise MixedScriptError(typed=following)
        if looks_like_amount(following):
            self._refuse_second_amount(span)
        lead = _LEADING_MARK.match(following)
        if lead and meanings(lead[1]):
            raise NotANumberError(typed=f"{span.text} {following}")

    def _refuse_second_amount(self, span: _Span) -> None:
        """Refuse "12 50 EUR"; a mere number behind an amount is a note ("5 3 beers")."""
        second = self._span_at(span.end)
        if second.start < span.end:
            second.pieces, second.start = second.pieces[1:], span.end
        try:
            read_amount(second.text, default_currency=None, number_format=self.number_format)
        except (NoCurrencyError, NotANumberError, UnknownCurrencyNameError):
            return
        except AmountError:
            pass  # it has a currency, and a fault of its own
        raise TwoAmountsError(first=span.text, second=second.text)


def _as_mark(word: str) -> str:
    """Give the mark of a currency that this word is, without punctuation behind it, or nothing."""
    bare = word.rstrip(_PUNCTUATION)
    return word if meanings(word) else bare if meanings(bare) else ""


def _is_unit_or_mark(text: str) -> bool:
    """Whether it is a unit, a mark of a currency, or one and the other: "k", "€", "万円"."""
    text = text.strip()
    if text.casefold() in POWERS or meanings(text):
        return True
    return any(text[:cut].casefold() in POWERS and meanings(text[cut:]) for cut in range(1, len(text)))
