"""A fee of the house is exact, rounded half up, and never below its least or above its most."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.fee import Fee
from paybridge.domain.money import Money
from paybridge.domain.region import Region
from tests.fakes.records import euros


def fee(flat: int = 0, basis_points: int = 0, least: int = 0, most: int | None = None) -> Fee:
    return Fee(euros(flat), basis_points, euros(least), None if most is None else euros(most))


@pytest.mark.parametrize(
    ("made", "cents", "charged"),
    [
        (fee(), 5000, 0),
        (fee(flat=10), 1, 10),
        (fee(basis_points=50), 5000, 25),
        (fee(basis_points=50), 100, 1),
        (fee(basis_points=50), 99, 0),
        (fee(basis_points=50), 2500, 13),
        (fee(basis_points=50), 300, 2),
        (fee(basis_points=50), 500, 3),
        (fee(flat=10, basis_points=50), 5000, 35),
        (fee(basis_points=50, least=30), 5000, 30),
        (fee(basis_points=50, most=20), 5000, 20),
        (fee(basis_points=10_000), 5000, 5000),
    ],
)
def test_a_fee_is_what_the_table_says(made: Fee, cents: int, charged: int) -> None:
    assert made.of(euros(cents)) == euros(charged)


@given(st.integers(1, 10**12), st.integers(0, 10_000))
def test_a_share_is_rounded_half_up_from_what_it_is_exactly(cents: int, basis_points: int) -> None:
    exact = Decimal(cents) * basis_points / 10_000

    assert fee(basis_points=basis_points).of(euros(cents)).minor == int(
        exact.quantize(Decimal(1), ROUND_HALF_UP)
    )


@given(st.integers(1, 10**9), st.integers(0, 500), st.integers(0, 10_000), st.integers(0, 500))
def test_a_fee_keeps_its_bounds_and_never_falls_as_the_amount_rises(
    cents: int, flat: int, basis_points: int, least: int
) -> None:
    made = fee(flat, basis_points, least, least + 1000)
    charged = made.of(euros(cents))

    assert euros(least) <= charged <= euros(least + 1000)
    assert charged <= made.of(euros(cents + 1))


def test_a_currency_without_a_fee_costs_nothing() -> None:
    region = Region(fees={"EUR": fee(flat=10)})

    assert region.fee(euros(500)) == euros(10)
    assert region.fee(Money(500, "JPY")) == Money(0, "JPY")
