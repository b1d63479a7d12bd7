"""Several payees and what each of them gets are read as they were meant, or refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.commands._each import read_each, with_each
from paybridge.commands._grammar import (
    AmbiguousPayeeError,
    Named,
    ReplyAndPillDifferError,
    UnknownPayeeError,
)
from paybridge.domain.errors import UserError
from paybridge.domain.spoken import Pill

BOB, ANN, ANN_TOO, LI = "@bob:hs.org", "@ann:hs.org", "@ann:other.org", "@li:hs.org"
MEMBERS = {BOB: "Bob", ANN: "Ann Lee", ANN_TOO: "Ann Lee", LI: "小李", "@max:hs.org": "Max 2"}


def named(*pills: Pill, reply_to: str | None = None) -> Named:
    return Named(pills, reply_to is not None, reply_to, MEMBERS)


@pytest.mark.parametrize(
    ("words", "payees", "cents", "note"),
    [
        (f"{BOB} {ANN} 10 EUR each", (BOB, ANN), 1000, ""),
        (f"{BOB}, {ANN} 10 EUR each for pizza", (BOB, ANN), 1000, "pizza"),
        (f"Bob and {ANN} and 小李 10 each pizza", (BOB, ANN, LI), 1000, "pizza"),
        (f"10 EUR each {BOB} {ANN} pizza", (BOB, ANN), 1000, "pizza"),
        (f"10 EUR each to Bob and {ANN} for pizza", (BOB, ANN), 1000, "pizza"),
        (f"{BOB} {ANN} each 10 EUR for pizza", (BOB, ANN), 1000, "pizza"),
        (f"{ANN} Bob 每人 5 EUR 晚饭", (ANN, BOB), 500, "晚饭"),
        (f"{BOB} {ANN} 3x4.20 EUR each", (BOB, ANN), 1260, ""),
        (f"{BOB} 5 EUR each {LI} tea", (BOB, LI), 500, "tea"),
        (f"{BOB} {ANN} 5 EUR each {LI}", (BOB, ANN, LI), 500, ""),
        ("Bob 5 EUR each and 小李 for tea", (BOB, LI), 500, "tea"),
        ("Bob 5 EUR each to 小李", (BOB, LI), 500, ""),
    ],
)
def test_payees_and_what_each_gets_are_read_in_either_order(
    words: str, payees: tuple[str, ...], cents: int, note: str
) -> None:
    read = read_each(words, named(), "EUR")

    assert read is not None
    assert (read.payees, read.amount.money.minor, read.note) == (payees, cents, note)


def test_mentions_are_payees_whatever_they_show() -> None:
    pills = (Pill(BOB, "5"), Pill(ANN, "Ann"))
    read = read_each("5 Ann 10 EUR each", named(*pills), "EUR")

    assert read is not None
    assert read.payees == (BOB, ANN)


@pytest.mark.parametrize(
    "words", [f"{BOB} {ANN} 5 EUR each from card", f"{BOB} {ANN} from card 5 EUR each tea"]
)
def test_the_source_is_read_too(words: str) -> None:
    read = read_each(words, named(), "EUR")

    assert read is not None
    assert read.source == "card"


@pytest.mark.parametrize(
    "words",
    [
        "Bob 5 EUR each day",
        "Bob 5 EUR each 小李",
        "Bob 5 EUR each and every day",
        "Bob 5 EUR",
        "Bob 5 EUR tea for each of us",
        "5 EUR each",
    ],
)
def test_one_payee_is_an_ordinary_payment(words: str) -> None:
    assert read_each(words, named(), "EUR") is None


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Bob Zoe 5 EUR each", UnknownPayeeError),
        ("Bob Ann Lee 5 EUR each", AmbiguousPayeeError),
        (f"{BOB} 5 EUR each @zoe", UnknownPayeeError),
    ],
)
def test_whoever_cannot_be_told_is_refused(words: str, error: type[UserError]) -> None:
    with pytest.raises(error):
        read_each(words, named(), "EUR")


def test_a_reply_to_somebody_who_is_not_among_them_is_refused() -> None:
    with pytest.raises(ReplyAndPillDifferError):
        read_each(f"{BOB} {ANN} 5 EUR each", named(reply_to=LI), "EUR")

    assert read_each(f"{BOB} {ANN} 5 EUR each", named(reply_to=ANN), "EUR") is not None


def test_the_line_to_copy_has_each_behind_its_amount() -> None:
    assert with_each(f"!pay {BOB} {ANN} 12.50 EUR tea", "EUR") == f"!pay {BOB} {ANN} 12.50 EUR each tea"


@given(
    st.lists(
        st.sampled_from(
            [BOB, ANN, "Bob", "小李", "5", "EUR", "each", "and", ",", "to", "from", "card", "tea"]
        )
    )
)
def test_whatever_is_typed_is_read_or_refused(words: list[str]) -> None:
    try:
        read = read_each(" ".join(words), named(), "EUR")
    except UserError:
        return

    assert read is None or min(len(read.payees) - 1, read.amount.money.minor) > 0
