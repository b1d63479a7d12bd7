"""Money: whole minor units of one currency, exact under every operation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Self

from paybridge.domain.currencies import EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_MINOR: Final = 10**15
"""The largest magnitude of any one sum: far above any payment, far below what BIGINT or a float holds."""

_DECIMAL_TEXT = re.compile(r"(-?)([0-9]{1,32})(?:\.([0-9]{1,32}))?", re.ASCII)


class MoneyError(ValueError):
    """A sum that cannot exist."""


class UnknownCurrencyError(MoneyError):
    """No currency has this code."""

    def __init__(self, code: str) -> None:
        """Name the code that is no currency."""
        super().__init__(f"{code!r} is not a currency")
        self.code = code


class CurrencyMismatchError(MoneyError):
    """Two currencies met where only one may be: nothing is ever converted."""

    def __init__(self, left: str, right: str) -> None:
        """Name both currencies."""
        super().__init__(f"{left} and {right} do not mix")
        self.left = left
        self.right = right


class AmountTooLargeError(MoneyError):
    """The magnitude is above MAX_MINOR."""

    def __init__(self, minor: int, currency: str) -> None:
        """Name the currency; the figure itself may be too long to print."""
        super().__init__(f"more than {MAX_MINOR} minor units of {currency}")
        self.minor = minor
        self.currency = currency


class NotADecimalError(MoneyError):
    """The text is not a plain decimal number such as 12.50."""

    def __init__(self, text: str) -> None:
        """Keep the text."""
        super().__init__(f"{text[:40]!r} is not a plain decimal number")
        self.text = text


class TooManyDecimalsError(MoneyError):
    """The text has more decimals than the currency; nothing is ever rounded."""

    def __init__(self, text: str, currency: str, exponent: int) -> None:
        """Keep the text and how many decimals its currency has."""
        super().__init__(f"{text!r} has more than the {exponent} decimals of {currency}")
        self.text = text
        self.currency = currency
        self.exponent = exponent


class BadWeightsError(MoneyError):
    """Shares to split by must be whole, not negative, and not all zero."""

    def __init__(self, weights: Sequence[int]) -> None:
        """Keep the weights."""
        super().__init__(f"cannot split by {tuple(weights)[:10]}")
        self.weights = tuple(weights)


def exponent_of(currency: str) -> int:
    """How many decimals a currency has by ISO 4217, or UnknownCurrencyError."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrencyError(currency) from None


@dataclass(frozen=True, slots=True)
class Money:
    """So many minor units (cents of EUR, whole yen of JPY, satoshi of SAT); may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what cannot be money, so that every Money that exists is sound."""
        if type(self.minor) is not int:
            message = "minor units are whole numbers"
            raise TypeError(message)
        exponent_of(self.currency)
        if abs(self.minor) > MAX_MINOR:
            raise AmountTooLargeError(self.minor, self.currency)

    @classmethod
    def of(cls, decimal_text: str, currency: str) -> Self:
        """Read "12.50" exactly; NotADecimalError, TooManyDecimalsError or UnknownCurrencyError otherwise."""
        exponent = exponent_of(currency)
        found = _DECIMAL_TEXT.fullmatch(decimal_text)
        if found is None:
            raise NotADecimalError(decimal_text)
        sign, whole, fraction = found[1], found[2], found[3] or ""
        if len(fraction) > exponent:
            raise TooManyDecimalsError(decimal_text, currency, exponent)
        minor = int(whole + fraction.ljust(exponent, "0"))
        return cls(-minor if sign else minor, currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in this currency."""
        return cls(0, currency)

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing."""
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        """Whether it is more than nothing."""
        return self.minor > 0

    @property
    def is_negative(self) -> bool:
        """Whether it is less than nothing."""
        return self.minor < 0

    def __add__(self, other: Self) -> Self:
        """Add a sum of the same currency."""
        self._same_currency(other)
        return type(self)(self.minor + other.minor, self.currency)

    def __sub__(self, other: Self) -> Self:
        """Take away a sum of the same currency."""
        self._same_currency(other)
        return type(self)(self.minor - other.minor, self.currency)

    def __neg__(self) -> Self:
        """Turn the sign."""
        return type(self)(-self.minor, self.currency)

    def __mul__(self, times: int) -> Self:
        """Take it so many times."""
        if type(times) is not int:
            return NotImplemented
        return type(self)(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Self) -> bool:
        """Whether it is less than a sum of the same currency."""
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Self) -> bool:
        """Whether it is at most a sum of the same currency."""
        self._same_currency(other)
        return self.minor <= other.minor

    def __gt__(self, other: Self) -> bool:
        """Whether it is more than a sum of the same currency."""
        self._same_currency(other)
        return self.minor > other.minor

    def __ge__(self, other: Self) -> bool:
        """Whether it is at least a sum of the same currency."""
        self._same_currency(other)
        return self.minor >= other.minor

    def __str__(self) -> str:
        """For logs and test failures; what people read is made in `texts`."""
        return f"{self.plain()} {self.currency}"

    def plain(self) -> str:
        """Write the decimal number alone, with all decimals of the currency: "12.50", "-0.05", "500"."""
        exponent = EXPONENTS[self.currency]
        sign = "-" if self.minor < 0 else ""
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        if exponent == 0:
            return sign + digits
        return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"

    def decimal(self) -> Decimal:
        """Give the same as an exact Decimal."""
        return Decimal(self.plain())

    def split(self, weights: Sequence[int]) -> tuple[Self, ...]:
        """Shares in proportion to the weights, whose sum is exactly this.

        By largest remainder (Hamilton's method): each gets its share rounded down, then the units left
        over go one each to the largest remainders, to the first named where these are equal.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise BadWeightsError(weights)
        magnitude, sign = abs(self.minor), (-1 if self.minor < 0 else 1)
        shares = [magnitude * weight // total for weight in weights]
        remainders = [magnitude * weight % total for weight in weights]
        left_over = magnitude - sum(shares)
        by_need = sorted(range(len(weights)), key=lambda place: -remainders[place])
        for place in by_need[:left_over]:
            shares[place] += 1
        return tuple(type(self)(sign * share, self.currency) for share in shares)

    def _same_currency(self, other: Self) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
