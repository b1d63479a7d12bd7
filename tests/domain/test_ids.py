"""Payment ids and codes are read as people type them, and a code belongs to exactly its terms."""
# ruff: noqa: RUF001 - dashes of all kinds are meant

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.ids import (
    ALPHABET,
    NotAnIdError,
    code_for,
    looks_like_payment_id,
    payment_id,
    read_code,
    read_payment_id,
    spell,
)
from paybridge.domain.money import Money
from tests.fakes.records import a_transfer


@pytest.mark.parametrize(
    "typed",
    ["PB-7K3QD", "pb-7k3qd", "Pb–7K3qD", "PB—7K3QD", "PB−7K3QD", "PB－7K3QD", "PB7K3QD", " PB-7K3QD "],
)
def test_an_id_is_read_in_any_case_and_with_any_dash(typed: str) -> None:
    assert read_payment_id(typed) == "PB-7K3QD"


@pytest.mark.parametrize(
    "typed", ["PB-", "PB-7K3Q", "PB-7K3Q1", "PB-7K3QO", "7K3QD", "XX-7K3QD", "PB-7K3QD."]
)
def test_what_is_no_id_is_refused_as_typed(typed: str) -> None:
    with pytest.raises(NotAnIdError) as refused:
        read_payment_id(typed)

    assert refused.value.facts() == {"typed": typed}


def test_a_refused_id_is_cut_to_what_fits_a_sentence() -> None:
    with pytest.raises(NotAnIdError) as refused:
        read_payment_id("x" * 3000)

    assert refused.value.facts() == {"typed": "x" * 40}


@given(st.integers(0, 2**128))
def test_every_id_that_is_made_can_be_read(number: int) -> None:
    made = payment_id(number)

    assert len(made) == len("PB-7K3QD")
    assert read_payment_id(made.lower().replace("-", "–")) == made
    assert looks_like_payment_id(made)


@given(st.integers(0, len(ALPHABET) ** 5 - 1), st.integers(0, len(ALPHABET) ** 5 - 1))
def test_two_numbers_are_two_ids(one: int, other: int) -> None:
    assert (payment_id(one) == payment_id(other)) is (one == other)


def test_no_letter_can_be_taken_for_another() -> None:
    assert not set("01ILOU") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET) == 30


@pytest.mark.parametrize("typed", ["7Q4F", "7q4f", "7Q-4F", "7q–4f", " 7Q4F "])
def test_a_code_is_read_in_any_case_and_with_any_dash(typed: str) -> None:
    assert read_code(typed) == "7Q4F"


@pytest.mark.parametrize("typed", ["", "7Q4", "7Q4FF", "7Q41", "7Q4O", "7Q 4F", "none"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


@given(st.text(), st.text(alphabet="0123456789abcdef", min_size=1))
def test_every_code_that_is_made_can_be_read(terms: str, nonce: str) -> None:
    code = code_for(terms, nonce)

    assert read_code(code) == code
    assert code == code_for(terms, nonce)


@given(st.integers(0, 10**9), st.integers(1, 12))
def test_numbers_are_spelt_in_as_many_letters_as_asked(number: int, length: int) -> None:
    assert len(spell(number, length)) == length
    assert set(spell(number, length)) <= set(ALPHABET)


AGREED = a_transfer("PB-7K3QD")


@pytest.mark.parametrize(
    "changed",
    [
        replace(AGREED, id="PB-7K3QE"),
        replace(AGREED, amount=Money(1251, "EUR")),
        replace(AGREED, amount=Money(125, "EUR")),
        replace(AGREED, amount=Money(1250, "USD"), fee=Money(0, "USD")),
        replace(AGREED, payee="eve"),
        replace(AGREED, payee_mxid="@eve:test"),
        replace(AGREED, source="link"),
        replace(AGREED, destination="link"),
        replace(AGREED, fee=Money(1, "EUR")),
        replace(AGREED, nonce="another"),
    ],
)
def test_the_code_changes_with_any_of_the_terms(changed: object) -> None:
    assert getattr(changed, "code", None) not in {None, AGREED.code}


def test_the_code_stays_while_the_terms_do() -> None:
    assert replace(AGREED, version=3, reason="x", note=b"sealed").code == AGREED.code
