"""One typed amount, read as the person meant it or refused with the reason; never guessed, never rounded."""
# ruff: noqa: RUF001 - it reads other scripts and signs that look like letters

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from paybridge.domain import amount_errors as errors
from paybridge.domain.currency_names import INDIAN_GROUPING, POWERS, SUBUNITS, meanings, words_of
from paybridge.domain.money import MAX_MINOR, AmountTooLargeError, Money, exponent_of
from paybridge.domain.numerals import Figures, figures_of, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

NumberFormat: TypeAlias = Literal["comma", "point"]
"""The decimal mark that a person has said they use."""

_LONGEST: Final = 100
_THOUSANDTHS: Final = 3
_DECIMAL_MARKS: Final = {"comma": ",", "point": "."}


@dataclass(frozen=True, slots=True)
class ReadAmount:
    """What was read: the whole sum, and for "3x12.50" how many times which sum."""

    money: Money
    times: int | None = None
    each: Money | None = None


def read_amount(
    text: str,
    *,
    default_currency: str | None,
    number_format: NumberFormat | None = None,
) -> ReadAmount:
    """Read a whole text such as "12,50 EUR", "€12.50", "2 lakh INR" or "3x12.50"; always more than zero.

    Raises a subclass of AmountError that names the reason, and nothing else. `default_currency` stands in
    where none is typed, and settles which one "$" means.
    """
    typed = text.strip()
    if len(typed) > _LONGEST:
        raise errors.NotANumberError(typed=typed)
    tokens = _tokens_of(plain(typed))
    shape = "".join(token.kind for token in tokens)
    _refuse_by_shape(typed, tokens, shape)
    times, rest = _times_of(typed, tokens) if "X" in shape else (None, tokens)
    _refuse_by_figures(typed, rest)
    currency = _currency_of(typed, tokens, default_currency)
    money = _sum_of(typed, rest, currency, number_format, times=times or 1)
    if times is None:
        return ReadAmount(money)
    return ReadAmount(money, times, _sum_of(typed, rest, currency, number_format, times=1))


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of an amount: Number, Unit, Currency, X (times), or a word of which none is known (W)."""

    kind: str
    text: str


_NUMBER: Final = r"[.,]?[0-9](?:[0-9]|[.,' \u066b\u066c](?=[0-9]))*(?:[.,]-{1,2}(?![0-9])|[.,](?![0-9]))?"
_TOKEN: Final = re.compile(
    rf"(?P<N>{_NUMBER})"
    r"|(?P<X>[xX×*](?![^\W\d_]))"
    r"|(?P<word>(?:Rs|Rp|S?Fr|[Kk]r|руб)\.|[^\W\d_]+[$¥£]?)"
    r"|(?P<space> +)"
    r"|(?P<symbol>.)",
    re.DOTALL,
)
_TWO_WORDS: Final = re.compile(r"([A-Za-z]+) ([A-Za-z]+)")


def _tokens_of(text: str) -> list[_Token]:
    pair = _TWO_WORDS.search(text)
    if pair and meanings(pair[0]):  # "US dollars"
        before, after = text[: pair.start()], text[pair.end() :]
        return [*_tokens_of(before), _Token("C", pair[0]), *_tokens_of(after)]
    tokens: list[_Token] = []
    for found in _TOKEN.finditer(text):
        if found.lastgroup in ("N", "X"):
            tokens.append(_Token(found.lastgroup, found[0]))
        elif found.lastgroup != "space":
            tokens.extend(_word_tokens(found[0]))
    return tokens


def _word_tokens(word: str) -> list[_Token]:
    """A word may be a currency, a unit, or both in one: "円", "k", "万円", "USD$"."""
    if meanings(word):
        return [_Token("C", word)]
    lower = word.casefold()
    if lower in POWERS:
        return [_Token("U", lower)]
    for length in range(min(8, len(word) - 1), 0, -1):
        unit, mark = lower[:length], word[length:]
        if unit in POWERS and meanings(mark):
            return [_Token("U", unit), _Token("C", mark)]
    if len(word) > 1 and meanings(word[:-1]) and meanings(word[-1]):
        return [_Token("C", word[:-1]), _Token("C", word[-1])]
    return [_Token("W", word)]


_ONE: Final = r"C{0,2}NU?C{0,2}"
_SHAPE: Final = re.compile(rf"{_ONE}(?:X{_ONE})?")
_AMOUNT_WORDS: Final = words_of(
    "all everything half quarter one two three four five six seven eight nine ten eleven twelve fifteen",
    "twenty thirty forty fifty hundred thousand million 全部 所有 一半 半",
)
_CHINESE_NUMERAL: Final = re.compile(
    "[零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾]+[元块円圆]?钱?"
)
_SIGN: Final = re.compile(r"[^0-9+-]{0,4}([+-])[^0-9]{0,4}[0-9]")


def _refuse_by_shape(typed: str, tokens: Sequence[_Token], shape: str) -> None:
    """Refuse all that is not one number, or a count and one, with currency and unit where they belong."""
    _refuse_by_sign(typed)
    for token in tokens:
        if token.kind == "W" and token.text.casefold() in SUBUNITS:
            raise errors.SubunitError(typed=typed)
    if _SHAPE.fullmatch(shape):
        return
    if "N" not in shape:
        raise (errors.WordAmountError if is_amount_word(typed) else errors.NotANumberError)(typed=typed)
    if "W" not in shape and re.search("NU?CU?N", shape):
        raise errors.SymbolInsideError(typed=typed)
    if "W" not in shape and "X" in shape:
        raise errors.BadMultiplicationError(typed=typed)
    if re.fullmatch(r"C*NU?C*W+", shape):
        unknown = next(token.text for token in tokens if token.kind == "W")
        if unknown.isalpha():
            raise errors.UnknownCurrencyNameError(typed=unknown)
    raise errors.NotANumberError(typed=typed)


def _refuse_by_sign(typed: str) -> None:
    """Refuse signs that mean something else than the figures alone, each by its name."""
    for char in typed:
        if char == "%" or unicodedata.category(char) not in ("No", "Nl"):
            continue
        kind = unicodedata.decomposition(char).split(" ")[0]
        if kind == "<fraction>":
            raise errors.FractionSignError(typed=typed)
        if kind in ("<super>", "<sub>"):
            raise errors.SuperscriptError(typed=typed)
    text = plain(typed)
    if "(" in text or ")" in text:
        raise errors.ParenthesesError(typed=typed)
    if re.search(r"[0-9]_+[0-9]", text):
        raise errors.UnderscoreError(typed=typed)
    if re.search(r"[0-9][eE][+-]?[0-9]", text):
        raise errors.ExponentNotationError(typed=typed)
    sign = _SIGN.match(text)
    if sign:
        raise (errors.NegativeError if sign[1] == "-" else errors.PlusSignError)(typed=typed)


def _refuse_by_figures(typed: str, tokens: Sequence[_Token]) -> None:
    """Refuse what is wrong in any currency, so that a missing currency is not the first thing to hear of."""
    figures = figures_of(_number_in(tokens), indian=True)
    if not (figures.whole + figures.fraction).strip("0"):
        raise errors.ZeroError(typed=typed)


def _number_in(tokens: Sequence[_Token]) -> str:
    return next(token.text for token in tokens if token.kind == "N")


def is_amount_word(word: str) -> bool:
    """Whether it says an amount in words: "all", "five", 五十元."""
    return word.casefold() in _AMOUNT_WORDS or _CHINESE_NUMERAL.fullmatch(word) is not None


def _currency_of(typed: str, tokens: Sequence[_Token], default: str | None) -> str:
    """The one currency that every mark agrees on; the default settles which "$" is meant."""
    marks = [token.text for token in tokens if token.kind == "C"]
    if not marks:
        if default is None:
            raise errors.NoCurrencyError(typed=typed)
        return default
    possible = meanings(marks[0])
    for mark in marks[1:]:
        agreed = tuple(code for code in possible if code in meanings(mark))
        if not agreed:
            raise errors.CurrencyConflictError(first=marks[0], second=mark)
        possible = agreed
    if len(possible) == 1:
        return possible[0]
    if default in possible:
        return default
    raise errors.AmbiguousCurrencyError(symbol=marks[0], candidates=possible)


def _times_of(typed: str, tokens: Sequence[_Token]) -> tuple[int, Sequence[_Token]]:
    """The count in "3x12.50" or "12.50x3", and the tokens of the amount; of two whole numbers the first."""
    middle = next(place for place, token in enumerate(tokens) if token.kind == "X")
    sides = tokens[:middle], tokens[middle + 1 :]
    for count, amount in (sides, sides[::-1]):
        written = "".join(token.text for token in count if token.kind != "C")
        if re.fullmatch("0[0-9]+", written):
            raise errors.LeadingZeroError(typed=typed)
        if written == "0":
            break
        if re.fullmatch("[1-9][0-9]{0,3}", written):
            return int(written), amount
    raise errors.BadMultiplicationError(typed=typed)


def _sum_of(
    typed: str,
    tokens: Sequence[_Token],
    currency: str,
    number_format: NumberFormat | None,
    *,
    times: int,
) -> Money:
    """What number and unit say in this currency, so many times; AmbiguousAmountError if two things."""
    power = sum(POWERS[token.text] for token in tokens if token.kind == "U")
    read = _Reading(typed, currency, power, times)
    figures = figures_of(_number_in(tokens), indian=currency in INDIAN_GROUPING)
    if figures.doubtful is None:
        return read.exactly(figures)
    grouped = Figures(figures.whole + figures.fraction, "")
    if number_format is not None:
        return read.exactly(figures if figures.doubtful == _DECIMAL_MARKS[number_format] else grouped)
    decimals = exponent_of(currency) + power
    if decimals == 0:  # nobody writes decimals of a yen
        return read.exactly(grouped)
    cut = Figures(figures.whole, figures.fraction[:decimals])
    raise errors.AmbiguousAmountError(typed=typed, readings=(read.exactly(grouped), read.exactly(cut)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """How figures become money: in which currency, times which power of ten, how many times."""

    typed: str
    currency: str
    power: int
    times: int

    def exactly(self, figures: Figures) -> Money:
        decimals = exponent_of(self.currency)
        fraction = figures.fraction
        if decimals == _THOUSANDTHS and len(fraction) == decimals + 1:
            # "12.5050 KWD" is the one way to write three decimals that nobody takes for thousands.
            fraction = fraction.removesuffix("0")
        if len(fraction) > decimals + self.power:
            raise errors.TooManyDecimalsError(typed=self.typed, currency=self.currency, decimals=decimals)
        minor = int(figures.whole + fraction.ljust(decimals + self.power, "0"))
        try:
            return Money(minor, self.currency) * self.times
        except AmountTooLargeError:
            most = Money(MAX_MINOR, self.currency)
            raise errors.TooLargeError(typed=self.typed, most=most) from None
