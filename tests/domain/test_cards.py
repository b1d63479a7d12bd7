"""A card number is seen wherever it stands in a line, and an IBAN is not taken for one."""
# ruff: noqa: RUF001 - full-width figures are meant

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.cards import holds_card_number


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "card 5555 5555 5555 4444 please",
        "3782 822463 10005",
        "6011000990139424",
        "4222222222222",
        "4111 1111 1111 1111 12/27 123",
        "4111 1111 1111 1111 12 27 123",
        "50 4111111111111111",
        "４１１１ １１１１ １１１１ １１１１",
        "4111\u00a01111\u00a01111\u00a01111",
        "bank DE89 3704 0044 0532 0130 00 4111 1111 1111 1111",
        "4111 1111 1111 1111 DE89370400440532013000",
        "41111111-1111-1111-8111",
    ],
)
def test_a_card_number_is_seen(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12.50 EUR",
        "4111 1111 1111 1112",
        "411111111111",
        "41111111111111111111",
        "bank DE89 3704 0044 0532 0130 00",
        "DE52 3704 0044 0532 0190 01",
        "DE89 3704 0044 0532 0130 01",
        "GB82 WEST 1234 5698 7654 32",
        "NL91ABNA0417164300",
        "pix 41111111-1111-1111-8111-000000000000",
        "bank DE893704 0044053201-3000",
    ],
)
def test_what_is_none_is_let_through(text: str) -> None:
    assert not holds_card_number(text)


@given(st.integers(10**12, 10**18 - 1), st.integers(1, 9))
def test_exactly_one_last_figure_makes_a_card_number(front: int, other: int) -> None:
    valid = [last for last in range(10) if holds_card_number(f"{front}{last}")]

    assert len(valid) == 1
    assert not holds_card_number(f"{front}{(valid[0] + other) % 10}")


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 14))
def test_one_mistyped_figure_is_noticed(by: int, last: int, place: int) -> None:
    del last
    figures = "4111111111111111"
    changed = str((int(figures[place]) + by) % 10)

    assert not holds_card_number(figures[:place] + changed + figures[place + 1 :])


@given(st.text())
def test_any_text_is_one_or_none(text: str) -> None:
    assert holds_card_number(text) in {True, False}
