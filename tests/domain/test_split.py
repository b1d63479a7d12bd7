"""However a sum is split, the shares are exactly that sum, none is negative, and no order favours anybody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.split import (
    How,
    Share,
    ShareState,
    ShareTooSmallError,
    SplitTooLittleError,
    SplitTooMuchError,
    Wanted,
    divide,
    wanted_again,
)

ME, ANN, BOB, CAROL = "@me:hs", "@ann:hs", "@bob:hs", "@carol:hs"
OWN = Wanted(ME, own=True)
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def minors(total: Money, *wanted: Wanted) -> list[int]:
    return [piece.amount.minor for piece in divide(total, wanted)]


def test_equal_shares_differ_by_a_cent_at_most_and_who_paid_carries_it() -> None:
    assert minors(Money(10000, "EUR"), Wanted(ANN), OWN, Wanted(BOB)) == [3333, 3334, 3333]
    assert [piece.odd for piece in divide(Money(10000, "EUR"), [Wanted(ANN), OWN])] == [False, False]
    assert [piece.odd for piece in divide(Money(101, "EUR"), [Wanted(ANN), OWN])] == [False, True]


def test_parts_percents_and_exact_sums_are_taken_together() -> None:
    assert minors(Money(6000, "EUR"), Wanted(ANN, weight=2), OWN) == [4000, 2000]
    assert minors(Money(6000, "EUR"), Wanted(ANN, How.PERCENT, 4000), Wanted(BOB, How.PERCENT, 6000)) == [
        2400,
        3600,
    ]
    assert minors(Money(6000, "EUR"), Wanted(ANN, How.EXACT, 1200), Wanted(BOB)) == [1200, 4800]
    assert minors(Money(6000, "EUR"), Wanted(ANN, How.PERCENT, 5000), Wanted(BOB, How.EXACT, 1000), OWN) == [
        3000,
        1000,
        2000,
    ]


def test_a_currency_without_minor_units_is_split_in_whole_ones() -> None:
    assert minors(Money(1000, "JPY"), OWN, Wanted(ANN), Wanted(BOB)) == [334, 333, 333]


def test_who_paid_has_no_share_where_the_others_carry_all() -> None:
    assert minors(Money(6000, "EUR"), Wanted(ANN, How.PERCENT, 10000), OWN) == [6000, 0]


def test_shares_that_do_not_add_up_say_by_how_much() -> None:
    with pytest.raises(SplitTooMuchError) as over:
        divide(Money(1000, "EUR"), [Wanted(ANN, How.EXACT, 1200), OWN])
    with pytest.raises(SplitTooLittleError) as missing:
        divide(Money(1000, "EUR"), [Wanted(ANN, How.EXACT, 900)])
    with pytest.raises(SplitTooMuchError) as percent:
        divide(Money(1000, "EUR"), [Wanted(ANN, How.PERCENT, 6000), Wanted(BOB, How.PERCENT, 5000)])

    assert over.value.facts()["over"] == Money(200, "EUR")
    assert missing.value.facts()["missing"] == Money(100, "EUR")
    assert percent.value.facts()["over"] == Money(100, "EUR")


def test_nobody_is_asked_for_nothing() -> None:
    with pytest.raises(ShareTooSmallError):
        divide(Money(1, "EUR"), [OWN, Wanted(ANN)])
    with pytest.raises(ShareTooSmallError):
        divide(Money(1000, "EUR"), [Wanted(ANN, How.EXACT, 1000), Wanted(BOB)])


CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "SAT"])
HOWS = st.one_of(
    st.tuples(st.just(How.PARTS), st.integers(1, 50)),
    st.tuples(st.just(How.PERCENT), st.integers(1, 10_000)),
    st.tuples(st.just(How.EXACT), st.integers(1, 10**6)),
)


@st.composite
def wishes(draw: st.DrawFn) -> list[Wanted]:
    hows = draw(st.lists(HOWS, min_size=1, max_size=12))
    own = draw(st.integers(-1, len(hows) - 1))
    return [Wanted(f"@p{n}:hs", how, weight, own=n == own) for n, (how, weight) in enumerate(hows)]


@given(st.integers(1, 10**7), CURRENCIES, wishes())
def test_the_shares_are_exactly_the_sum_and_none_is_negative(
    minor: int, currency: str, wanted: list[Wanted]
) -> None:
    total = Money(minor, currency)
    try:
        pieces = divide(total, wanted)
    except UserError:
        return

    assert sum(piece.amount.minor for piece in pieces) == minor
    assert all(not piece.amount.is_negative for piece in pieces)
    assert {piece.amount.currency for piece in pieces} == {currency}


@given(st.integers(1, 10**7), wishes(), st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_named_changes_nobodys_share(
    minor: int, wanted: list[Wanted], chance: object
) -> None:
    total, other = Money(minor, "EUR"), list(wanted)
    chance.shuffle(other)  # type: ignore[attr-defined]  # hypothesis hands in a Random
    try:
        pieces = dict(zip([one.mxid for one in wanted], divide(total, wanted), strict=True))
    except UserError as error:
        with pytest.raises(type(error)):
            divide(total, other)
        return

    assert dict(zip([one.mxid for one in other], divide(total, other), strict=True)) == pieces


@given(st.integers(100, 10**7), st.integers(2, 30))
def test_equal_shares_differ_by_one_minor_unit_at_most(minor: int, people: int) -> None:
    wanted = [Wanted(f"@p{n}:hs", own=n == 0) for n in range(people)]
    amounts = [piece.amount.minor for piece in divide(Money(minor, "EUR"), wanted)]

    assert max(amounts) - min(amounts) <= 1
    assert amounts[0] == max(amounts)


def share(mxid: str, how: How, weight: int, minor: int, *, own: bool = False) -> Share:
    state = ShareState.OWN if own else ShareState.ASKED
    return Share(f"S/{mxid}", "S", mxid, mxid, how, weight, Money(minor, "EUR"), state)


def test_a_changed_sum_leaves_what_is_paid_and_divides_the_rest_as_it_was_said() -> None:
    shares = [
        share(ME, How.PARTS, 1, 2000, own=True),
        share(ANN, How.PARTS, 1, 2000),
        share(BOB, How.PARTS, 1, 2000),
    ]
    again = wanted_again(shares, [f"S/{ANN}"])

    assert [piece.amount.minor for piece in divide(Money(6600, "EUR"), again)] == [2300, 2000, 2300]


def test_percents_weigh_what_they_were_once_the_sum_changes() -> None:
    shares = [share(ANN, How.PERCENT, 4000, 2400), share(BOB, How.PERCENT, 6000, 3600)]
    again = wanted_again(shares, [])

    assert [piece.amount.minor for piece in divide(Money(6600, "EUR"), again)] == [2640, 3960]
