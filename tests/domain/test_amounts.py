"""What people type for an amount, and what is read."""
# ruff: noqa: RUF001 - other scripts and look-alikes are the very subject here

from __future__ import annotations

import contextlib
import string
from typing import Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paybridge.domain import amounts as a
from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.money import Money

Format: TypeAlias = Literal["comma", "point"]


@pytest.mark.parametrize(
    ("typed", "plain", "currency"),
    [
        ("12,50 €", "12.50", "EUR"),
        ("€12.50", "12.50", "EUR"),
        ("12.50 EUR", "12.50", "EUR"),
        ("EUR 12.5", "12.50", "EUR"),
        ("eur 12.5", "12.50", "EUR"),
        ("12.50eur", "12.50", "EUR"),
        ("€5 EUR", "5.00", "EUR"),
        ("$5 CAD", "5.00", "CAD"),
        ("US$12", "12.00", "USD"),
        ("12 US dollars", "12.00", "USD"),
        ("1.234,56 EUR", "1234.56", "EUR"),
        ("1 234,56 EUR", "1234.56", "EUR"),
        ("1\u202f234,56 EUR", "1234.56", "EUR"),
        ("1'234.56 CHF", "1234.56", "CHF"),
        ("1’234.56 CHF", "1234.56", "CHF"),
        ("1,234.56 USD", "1234.56", "USD"),
        ("1.234.567 EUR", "1234567.00", "EUR"),
        ("1 234 EUR", "1234.00", "EUR"),
        ("1234.567 KWD", "1234.567", "KWD"),
        ("0.505 KWD", "0.505", "KWD"),
        ("₹500", "500.00", "INR"),
        ("₹1,00,000", "100000.00", "INR"),
        ("₹12,34,567.50", "1234567.50", "INR"),
        ("5k EUR", "5000.00", "EUR"),
        ("1,5k €", "1500.00", "EUR"),
        ("2 lakh INR", "200000.00", "INR"),
        ("1.5 crore INR", "15000000.00", "INR"),
        ("3万円", "30000", "JPY"),
        ("3千円", "3000", "JPY"),
        ("1億円", "100000000", "JPY"),
        ("1.5万人民币", "15000.00", "CNY"),
        ("1,234 JPY", "1234", "JPY"),
        ("1.234 JPY", "1234", "JPY"),
        ("5,- €", "5.00", "EUR"),
        ("5.- CHF", "5.00", "CHF"),
        ("1.234,- €", "1234.00", "EUR"),
        ("5,- JPY", "5", "JPY"),
        (".50 EUR", "0.50", "EUR"),
        ("٥٠ EUR", "50.00", "EUR"),
        ("٥٠٫٢٥ EUR", "50.25", "EUR"),
        ("१२.५० INR", "12.50", "INR"),
        ("１２.５０ EUR", "12.50", "EUR"),
        ("１２．５０ ＥＵＲ", "12.50", "EUR"),
        ("￥500 JPY", "500", "JPY"),
        ("500 sats", "500", "SAT"),
        ("50 zł", "50.00", "PLN"),
        ("12.5050 KWD", "12.505", "KWD"),
    ],
)
def test_amounts_are_read_as_they_are_meant(typed: str, plain: str, currency: str) -> None:
    read = a.read_amount(typed, default_currency=None)

    assert read == a.ReadAmount(Money.of(plain, currency))


@pytest.mark.parametrize(
    ("typed", "times", "each"),
    [
        ("3x12.50 EUR", 3, "12.50"),
        ("3×12,50 €", 3, "12.50"),
        ("12.50x3 EUR", 3, "12.50"),
        ("3 x 12.50 EUR", 3, "12.50"),
        ("3X€12.50", 3, "12.50"),
        ("3x4 EUR", 3, "4.00"),
        ("2x1,5k €", 2, "1500.00"),
        ("12x3,50 €", 12, "3.50"),
    ],
)
def test_a_count_and_a_price_are_multiplied_and_both_kept(typed: str, times: int, each: str) -> None:
    one = Money.of(each, "EUR")

    assert a.read_amount(typed, default_currency=None) == a.ReadAmount(one * times, times, one)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("1,23,456 EUR", a.BadGroupingError),
        ("12.34.56 EUR", a.BadGroupingError),
        ("1.234.56 EUR", a.BadGroupingError),
        ("1,234.567,89 EUR", a.BadGroupingError),
        ("12 34 EUR", a.BadGroupingError),
        ("12.50,- EUR", a.BadGroupingError),
        ("0x10", a.BadMultiplicationError),
        ("1x2x3", a.BadMultiplicationError),
        ("2.5x2.5", a.BadMultiplicationError),
        ("x5", a.BadMultiplicationError),
        ("3x", a.BadMultiplicationError),
        ("99999x1.5 EUR", a.BadMultiplicationError),
        ("0.505 EUR", a.TooManyDecimalsError),
        ("1234.567 EUR", a.TooManyDecimalsError),
        ("12.5 JPY", a.TooManyDecimalsError),
        ("12.5055 KWD", a.TooManyDecimalsError),
        ("12.5000 EUR", a.TooManyDecimalsError),
        ("12.5 SAT", a.TooManyDecimalsError),
        ("1.23456k EUR", None),
        ("1.234567k EUR", a.TooManyDecimalsError),
        ("-5", a.NegativeError),
        ("−5 EUR", a.NegativeError),
        ("€-5", a.NegativeError),
        ("-€5", a.NegativeError),
        ("(5)", a.ParenthesesError),
        ("+5", a.PlusSignError),
        ("0", a.ZeroError),
        ("0,00 EUR", a.ZeroError),
        ("3x0 EUR", a.ZeroError),
        ("007", a.LeadingZeroError),
        ("00.50 EUR", a.LeadingZeroError),
        ("0,123.45 EUR", a.LeadingZeroError),
        ("03x5 EUR", a.LeadingZeroError),
        ("1e3", a.ExponentNotationError),
        ("1_000", a.UnderscoreError),
        ("½", a.FractionSignError),
        ("2½ EUR", a.FractionSignError),
        ("5²", a.SuperscriptError),
        ("12.", a.TrailingSeparatorError),
        ("12, EUR", a.TrailingSeparatorError),
        ("12€50", a.SymbolInsideError),
        ("50 cents", a.SubunitError),
        ("5角", a.SubunitError),
        ("1٥ EUR", a.MixedScriptError),
        ("1２ EUR", a.MixedScriptError),
        ("5 ЕUR", a.MixedScriptError),
        ("1\u200b2 EUR", a.HiddenCharacterError),
        ("\u202e21 EUR", a.HiddenCharacterError),
        ("12\u0338 EUR", a.HiddenCharacterError),
        ("12 E\u00adUR", a.HiddenCharacterError),
        ("12\u3164 EUR", a.HiddenCharacterError),
        ("$12", a.AmbiguousCurrencyError),
        ("¥500", a.AmbiguousCurrencyError),
        ("100 kr", a.AmbiguousCurrencyError),
        ("5 rupees", a.AmbiguousCurrencyError),
        ("€5 USD", a.CurrencyConflictError),
        ("$5 EUR", a.CurrencyConflictError),
        ("5", a.NoCurrencyError),
        ("all", a.WordAmountError),
        ("half", a.WordAmountError),
        ("five", a.WordAmountError),
        ("五十元", a.WordAmountError),
        ("5 BTC", a.UnknownCurrencyNameError),
        ("5 bob", a.UnknownCurrencyNameError),
        ("5m EUR", a.NotANumberError),
        ("5% EUR", a.NotANumberError),
        ("2026-10", a.NotANumberError),
        ("", a.NotANumberError),
        ("hello", a.NotANumberError),
        ("1" * 101, a.NotANumberError),
        ("10000000000000.01 EUR", a.TooLargeError),
        ("9999x9999999999999 EUR", a.TooLargeError),
        ("999999億 EUR", a.TooLargeError),
    ],
)
def test_each_fault_is_refused_for_its_own_reason(typed: str, error: type[a.AmountError] | None) -> None:
    if error is None:
        a.read_amount(typed, default_currency=None)
        return
    with pytest.raises(error) as refused:
        a.read_amount(typed, default_currency=None)

    assert type(refused.value) is error


@pytest.mark.parametrize(
    ("typed", "grouped", "decimal", "currency"),
    [
        ("1.234 EUR", "1234", "1.23", "EUR"),
        ("1,234 USD", "1234", "1.23", "USD"),
        ("12.505 KWD", "12505", "12.505", "KWD"),
        ("1.234k EUR", "1234000", "1234", "EUR"),
        ("3x1.500 EUR", "4500", "4.50", "EUR"),
        ("₹1,000", "1000", "1.00", "INR"),
    ],
)
def test_two_possible_readings_are_both_offered(
    typed: str, grouped: str, decimal: str, currency: str
) -> None:
    with pytest.raises(a.AmbiguousAmountError) as refused:
        a.read_amount(typed, default_currency=None)

    assert refused.value.readings == (Money.of(grouped, currency), Money.of(decimal, currency))


@pytest.mark.parametrize(
    ("typed", "number_format", "plain", "currency"),
    [
        ("1.234 EUR", "comma", "1234", "EUR"),
        ("1,234 EUR", "point", "1234", "EUR"),
        ("12.505 KWD", "point", "12.505", "KWD"),
        ("12.505 KWD", "comma", "12505", "KWD"),
        ("1.234k EUR", "point", "1234", "EUR"),
        ("12.50 EUR", "comma", "12.50", "EUR"),
    ],
)
def test_a_stored_number_format_settles_it(
    typed: str, number_format: Format, plain: str, currency: str
) -> None:
    read = a.read_amount(typed, default_currency=None, number_format=number_format)

    assert read.money == Money.of(plain, currency)


def test_a_stored_number_format_never_rounds() -> None:
    with pytest.raises(a.TooManyDecimalsError):
        a.read_amount("1.234 EUR", default_currency=None, number_format="point")


@pytest.mark.parametrize(
    ("typed", "default"), [("$12", "CAD"), ("¥12", "CNY"), ("12 kr", "NOK"), ("12 元", "TWD"), ("12", "SAT")]
)
def test_the_default_currency_settles_what_a_shared_symbol_means(typed: str, default: str) -> None:
    assert a.read_amount(typed, default_currency=default).money == Money.of("12", default)


def test_a_default_that_a_symbol_cannot_mean_does_not_settle_it() -> None:
    with pytest.raises(a.AmbiguousCurrencyError) as refused:
        a.read_amount("$12", default_currency="EUR")

    assert "USD" in refused.value.candidates


@pytest.mark.parametrize(
    ("words", "plain", "currency", "taken"),
    [
        ("@bob:hs 12,50 EUR for pizza", "12.50", "EUR", "12,50 EUR"),
        ("€12.50 Bob", "12.50", "EUR", "€12.50"),
        ("5", "5", "EUR", "5"),
        ("5 Bob", "5", "EUR", "5"),
        ("@a @b 10 each", "10", "EUR", "10"),
        ("@bob 20 USD from card", "20", "USD", "20 USD"),
        ("@bob USD 12.5 pizza", "12.50", "USD", "USD 12.5"),
        ("@bob 1 234,56 USD hi", "1234.56", "USD", "1 234,56 USD"),
        ("1 234 567 USD", "1234567", "USD", "1 234 567 USD"),
        ("5 100 EUR", "5100", "EUR", "5 100 EUR"),
        ("5 100kg flour", "5", "EUR", "5"),
        ("5 3 beers", "5", "EUR", "5"),
        ("5 EUR 100 pizzas", "5", "EUR", "5 EUR"),
        ("2 lakh INR", "200000", "INR", "2 lakh INR"),
        ("5 k EUR", "5000", "EUR", "5 k EUR"),
        ("3万 円", "30000", "JPY", "3万 円"),
        ("@bob 3x12.50 USD", "37.50", "USD", "3x12.50 USD"),
        ("3 x 12.50 USD", "37.50", "USD", "3 x 12.50 USD"),
        ("12.50 x3 USD pizza", "37.50", "USD", "12.50 x3 USD"),
        ("5 USD, thanks", "5", "USD", "5 USD,"),
        ("5 US dollars for x", "5", "USD", "5 US dollars"),
        ("R2D2 5 USD", "5", "USD", "5 USD"),
        ("a=5 bob7 #8 6 USD", "6", "USD", "6 USD"),
        ("5 for all", "5", "EUR", "5"),
    ],
)
def test_the_amount_is_found_among_the_words(words: str, plain: str, currency: str, taken: str) -> None:
    read, span = a.find_amount(words.split(), default_currency="EUR")

    assert read.money == Money.of(plain, currency)
    assert " ".join(words.split()[span]) == taken


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("@bob", a.NoAmountError),
        ("", a.NoAmountError),
        ("@bob 12.34.56 5 EUR", a.BadGroupingError),
        ("@bob 2nd 5 EUR", a.UnknownCurrencyNameError),
        ("@bob all", a.WordAmountError),
        ("half of 20 EUR", a.WordAmountError),
        ("5 100 meters", a.AmbiguousAmountError),
        ("5 k", a.AmbiguousAmountError),
        ("12 50 USD", a.TwoAmountsError),
        ("5 $10", a.TwoAmountsError),
        ("5 USD EUR", a.CurrencyConflictError),
        ("EUR 5 USD", a.CurrencyConflictError),
        ("5 USD/month", a.NotANumberError),
        ("5 BTC", a.UnknownCurrencyNameError),
        ("5 billion USD", a.UnknownCurrencyNameError),
        ("5 cents", a.SubunitError),
        ("5 U\u200bSD", a.HiddenCharacterError),
        ("\u200b5 USD", a.HiddenCharacterError),
        ("5 UЅD", a.MixedScriptError),
        ("–5 USD", a.NegativeError),
        ("$-5", a.NegativeError),
        ("½ USD", a.FractionSignError),
    ],
)
def test_a_command_without_one_clear_amount_is_refused(words: str, error: type[a.AmountError]) -> None:
    with pytest.raises(error) as refused:
        a.find_amount(words.split(), default_currency="EUR")

    assert type(refused.value) is error


def test_the_code_of_the_lek_is_no_word_for_everything() -> None:
    assert a.find_amount(["ALL", "5"], default_currency="EUR")[0].money == Money(500, "ALL")

    for words in (["all", "5"], ["ALL"], ["ALL", "of", "it"]):
        with pytest.raises(a.WordAmountError):
            a.find_amount(words, default_currency="EUR")


sums = st.builds(Money, st.integers(1, 10**15), st.sampled_from(sorted(EXPONENTS)))


@given(money=sums, code_first=st.booleans(), style=st.sampled_from(["point", "comma"]))
def test_every_sum_written_plainly_with_its_code_reads_back(
    *,
    money: Money,
    code_first: bool,
    style: Format,
) -> None:
    number = money.plain() if style == "point" else money.plain().replace(".", ",")
    typed = f"{money.currency} {number}" if code_first else f"{number} {money.currency}"

    assert a.read_amount(typed, default_currency=None, number_format=style).money == money
    assert a.find_amount(typed.split(), default_currency=None, number_format=style)[0].money == money


PIECES = [
    *"0123456789", "12", "100", "000", ".", ",", "'", " ", "-", "+", "(", ")", "x", "×", "k", "万",
    "lakh", "円", "€", "$", "EUR", "USD", "JPY", "kr", "Rs.", "cents", "½", "²", "٥", "１", "_", "e", "%",
    "\u200b", "\u202e", "all", "US", "dollars", "Bob", "\n", "₿", "٫", "٬",
]  # fmt: skip
typed_texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(string.digits + string.punctuation + " kxE€", max_size=20),
)


def _read_or_refuse(text: str, default: str | None, number_format: Format | None) -> None:
    for read in (_read, _find):
        with contextlib.suppress(a.AmountError):
            result = read(text, default, number_format)
            assert result.money.is_positive
            assert (result.each or result.money) * (result.times or 1) == result.money


def _read(text: str, default: str | None, number_format: Format | None) -> a.ReadAmount:
    return a.read_amount(text, default_currency=default, number_format=number_format)


def _find(text: str, default: str | None, number_format: Format | None) -> a.ReadAmount:
    words = text.split()
    read, span = a.find_amount(words, default_currency=default, number_format=number_format)
    assert 0 <= span.start < span.stop <= len(words)
    return read


any_default = st.sampled_from([None, "EUR", "USD", "JPY", "KWD", "INR"])
any_format = st.sampled_from([None, "comma", "point"])


@given(typed_texts, any_default, any_format)
@settings(max_examples=400)
def test_any_text_is_read_or_refused(text: str, default: str | None, number_format: Format | None) -> None:
    _read_or_refuse(text, default, number_format)


@pytest.mark.slow
@given(typed_texts, any_default, any_format)
@settings(max_examples=20_000)
def test_very_many_texts_are_read_or_refused(
    text: str, default: str | None, number_format: Format | None
) -> None:
    _read_or_refuse(text, default, number_format)


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1.", "1,234", "a ", "€", "x", "x1 ", "\u200b", "١", "５ ", "½", "(", "1'", " "]
)
def test_long_input_is_refused_or_its_beginning_read(piece: str) -> None:
    text = piece * (65_536 // len(piece))

    with pytest.raises(a.AmountError):
        a.read_amount(text, default_currency="EUR")
    _read_or_refuse(text, "EUR", None)
