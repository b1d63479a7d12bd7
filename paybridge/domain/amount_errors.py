"""Why a typed amount is refused: one error for each reason, carrying what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from paybridge.domain.facts import Fact
    from paybridge.domain.money import Money

_SHOWN: Final = 40
_CANDIDATES_SHOWN: Final = 6


class AmountError(UserError):
    """A typed amount that is not read."""

    def __init__(self, **facts: Fact) -> None:
        super().__init__(**{name: f[:_SHOWN] if isinstance(f, str) else f for name, f in facts.items()})


class NoAmountError(AmountError):
    """No word looks like an amount."""

    key = "error.no_amount"


class TypedAmountError(AmountError):
    """A refusal whose one fact is what was typed."""

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class NotANumberError(TypedAmountError):
    """`5%5`, `2026-10`: it begins like an amount, and is none."""

    key = "error.not_a_number"


class WordAmountError(TypedAmountError):
    """`all`, `half`, `five`, 五十: only figures are read."""

    key = "error.word_amount"


class NegativeError(TypedAmountError):
    """`-5`."""

    key = "error.negative_amount"


class PlusSignError(TypedAmountError):
    """`+5`."""

    key = "error.plus_sign"


class ParenthesesError(TypedAmountError):
    """`(5)`, which bookkeepers read as minus five and others as an aside."""

    key = "error.parentheses"


class ZeroError(TypedAmountError):
    """`0`, `0.00`."""

    key = "error.zero_amount"


class LeadingZeroError(TypedAmountError):
    """`007`."""

    key = "error.leading_zero"


class ExponentNotationError(TypedAmountError):
    """`1e3`."""

    key = "error.exponent_notation"


class UnderscoreError(TypedAmountError):
    """`1_000`."""

    key = "error.underscore"


class FractionSignError(TypedAmountError):
    """`½`, `2½`."""

    key = "error.fraction_sign"


class SuperscriptError(TypedAmountError):
    """`5²`."""

    key = "error.superscript"


class TrailingSeparatorError(TypedAmountError):
    """`12.`: a digit may have been lost."""

    key = "error.trailing_separator"


class SymbolInsideError(TypedAmountError):
    """`12€50`."""

    key = "error.symbol_inside"


class SubunitError(TypedAmountError):
    """`50 cents`: only whole units with decimals are read."""

    key = "error.subunit"


class MixedScriptError(TypedAmountError):
    """Digits or letters of two scripts in one amount, which can look like another one."""

    key = "error.mixed_script"


class HiddenCharacterError(TypedAmountError):
    """Characters that nobody sees stand in the amount."""

    key = "error.hidden_character"


class BadGroupingError(TypedAmountError):
    """`1,23,456 EUR`, `12.34.56 EUR`: the groups of digits make no sense."""

    key = "error.bad_grouping"


class BadMultiplicationError(TypedAmountError):
    """`0x10`, `1x2x3`, `2.5x2.5`: not a count and one amount."""

    key = "error.bad_multiplication"


class NoCurrencyError(TypedAmountError):
    """`5`, where neither person nor room has a currency."""

    key = "error.no_currency"


class UnknownCurrencyNameError(TypedAmountError):
    """`5 BTC`, `5 billion`: what follows the number is no currency of ours."""

    key = "error.unknown_currency"


class AmbiguousAmountError(AmountError):
    """`1.234 EUR`: a thousand to some, a little over one to others."""

    key = "error.ambiguous_amount"

    def __init__(self, *, typed: str, readings: tuple[Money, Money]) -> None:
        super().__init__(typed=typed, first=readings[0], second=readings[1])
        self.readings = readings


class TooManyDecimalsError(AmountError):
    """`0.505 EUR`, `12.5 JPY`: never rounded."""

    key = "error.too_many_decimals"

    def __init__(self, *, typed: str, currency: str, decimals: int) -> None:
        super().__init__(typed=typed, currency=currency, count=decimals)


class TooLargeError(AmountError):
    """More than any one sum may be."""

    key = "error.amount_too_large"

    def __init__(self, *, typed: str, most: Money) -> None:
        super().__init__(typed=typed, most=most)


class AmbiguousCurrencyError(AmountError):
    """`$12`, `¥500`, `100 kr`: several currencies are written so, and none of them is the usual one here."""

    key = "error.ambiguous_currency"

    def __init__(self, *, symbol: str, candidates: tuple[str, ...]) -> None:
        shown = ", ".join(candidates[:_CANDIDATES_SHOWN])
        super().__init__(
            symbol=symbol, candidates=f"{shown}, …" if len(candidates) > _CANDIDATES_SHOWN else shown
        )
        self.candidates = candidates


class CurrencyConflictError(AmountError):
    """`€5 USD`."""

    key = "error.currency_conflict"

    def __init__(self, *, first: str, second: str) -> None:
        super().__init__(first=first, second=second)


class TwoAmountsError(AmountError):
    """`12 50 EUR`: two amounts side by side, and either could be meant."""

    key = "error.two_amounts"

    def __init__(self, *, first: str, second: str) -> None:
        super().__init__(first=first, second=second)
