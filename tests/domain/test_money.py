"""Money stays exact."""

from __future__ import annotations

import operator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.money import (
    MAX_MINOR,
    AmountTooLargeError,
    BadWeightsError,
    CurrencyMismatchError,
    Money,
    MoneyError,
    NotADecimalError,
    TooManyDecimalsError,
    UnknownCurrencyError,
)

currencies = st.sampled_from(sorted(EXPONENTS))
magnitudes = st.integers(-MAX_MINOR, MAX_MINOR)
sums = st.builds(Money, magnitudes, currencies)
weight_lists = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


@given(sums)
def test_what_is_written_reads_back_the_same(money: Money) -> None:
    assert Money.of(money.plain(), money.currency) == money
    assert money.decimal() == Decimal(money.minor).scaleb(-EXPONENTS[money.currency])


@given(sums, weight_lists)
def test_shares_sum_to_the_whole(money: Money, weights: list[int]) -> None:
    shares = money.split(weights)

    assert sum(share.minor for share in shares) == money.minor
    assert len(shares) == len(weights)


@given(sums, weight_lists)
def test_no_share_is_off_by_a_whole_unit_and_no_weight_means_no_share(
    money: Money, weights: list[int]
) -> None:
    shares = money.split(weights)

    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor * sum(weights) - money.minor * weight) < sum(weights)
        assert weight or share.is_zero


@given(sums, st.integers(1, 40))
def test_equal_shares_differ_by_one_unit_and_the_first_named_get_it(money: Money, people: int) -> None:
    shares = [abs(share.minor) for share in money.split([1] * people)]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@given(currencies, st.integers(-(10**14), 10**14), st.integers(-(10**14), 10**14))
def test_arithmetic_is_that_of_whole_numbers(currency: str, left: int, right: int) -> None:
    a, b = Money(left, currency), Money(right, currency)

    assert (a + b).minor == left + right
    assert (a - b).minor == left - right
    assert a - b == -(b - a)
    assert (a < b, a <= b, a > b, a >= b) == (left < right, left <= right, left > right, left >= right)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("-0.05", "EUR", -5),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("21", "SAT", 21),
        ("0.0001", "CLF", 1),
    ],
)
def test_decimal_text_is_read_by_the_currencys_exponent(text: str, currency: str, minor: int) -> None:
    assert Money.of(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1250, "EUR", "12.50"), (-5, "EUR", "-0.05"), (500, "JPY", "500"), (0, "KWD", "0.000"), (7, "SAT", "7")],
)
def test_plain_shows_all_decimals_of_the_currency(minor: int, currency: str, text: str) -> None:
    assert Money(minor, currency).plain() == text


@pytest.mark.parametrize(
    ("text", "currency"), [("0.505", "EUR"), ("12.5", "JPY"), ("1.0", "SAT"), ("1.000", "EUR")]
)
def test_too_many_decimals_are_refused_and_never_rounded(text: str, currency: str) -> None:
    with pytest.raises(TooManyDecimalsError):
        Money.of(text, currency)


@pytest.mark.parametrize(
    "text", ["", ".5", "5.", "1e3", "NaN", "inf", "+5", " 5", "5\n", "1_000", "1,5", "\u0665", "--5"]
)
def test_only_plain_decimal_text_is_read(text: str) -> None:
    with pytest.raises(NotADecimalError):
        Money.of(text, "EUR")


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_a_money_error(text: str) -> None:
    try:
        money = Money.of(text, "EUR")
    except MoneyError:
        return
    assert money.currency == "EUR"


@pytest.mark.parametrize("currency", ["", "eur", "XXX", "XAU", "DEM"])
def test_an_unknown_currency_is_no_money(currency: str) -> None:
    with pytest.raises(UnknownCurrencyError):
        Money(1, currency)


@pytest.mark.parametrize("minor", [MAX_MINOR + 1, -MAX_MINOR - 1, 10**3000])
def test_a_sum_above_the_bound_is_refused(minor: int) -> None:
    with pytest.raises(AmountTooLargeError):
        Money(minor, "EUR")


def test_results_of_arithmetic_keep_the_bound() -> None:
    most = Money(MAX_MINOR, "EUR")

    with pytest.raises(AmountTooLargeError):
        most + Money(1, "EUR")
    with pytest.raises(AmountTooLargeError):
        most * 2
    with pytest.raises(AmountTooLargeError):
        -most - Money(1, "EUR")


def test_no_floats_become_money() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "EUR")  # type: ignore[arg-type]  # what the types forbid must also fail when run
    with pytest.raises(TypeError):
        Money(1, "EUR") * 1.5  # type: ignore[operator]  # likewise


@pytest.mark.parametrize(
    "operation",
    [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge],
)
def test_currencies_never_mix(operation: object) -> None:
    assert callable(operation)
    with pytest.raises(CurrencyMismatchError):
        operation(Money(1, "EUR"), Money(1, "USD"))


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [2, -1]])
def test_senseless_weights_are_refused(weights: list[int]) -> None:
    with pytest.raises(BadWeightsError):
        Money(100, "EUR").split(weights)


def test_units_left_over_go_to_the_largest_remainder_first() -> None:
    assert [share.minor for share in Money(100, "EUR").split([1, 1, 1])] == [34, 33, 33]
    assert [share.minor for share in Money(10, "EUR").split([1, 2, 4])] == [1, 3, 6]
    assert [share.minor for share in Money(-100, "EUR").split([1, 1, 1])] == [-34, -33, -33]


def test_zero_and_signs() -> None:
    zero, one = Money.zero("EUR"), Money(1, "EUR")

    assert zero.is_zero
    assert not zero.is_positive
    assert not zero.is_negative
    assert one.is_positive
    assert (-one).is_negative
    assert 3 * one == one * 3 == Money(3, "EUR")
