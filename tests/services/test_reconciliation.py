"""Our legs against a rail's statement: each order has one verdict, and only agreement closes itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.money import Money
from paybridge.services.ports import StatementLine
from paybridge.services.reconciliation import Match, compare
from tests.fakes.database import START
from tests.fakes.records import a_leg

COLLECT = replace(a_leg("in", "PB-1", kind=LegKind.COLLECT, cents=1000), state=LegState.SETTLED)
PAYOUT = replace(
    a_leg("out", "PB-2", kind=LegKind.PAYOUT, cents=500),
    state=LegState.SETTLED,
    fee=Money(7, "EUR"),
    highest_fee=Money(9, "EUR"),
)


def line(number: int, reference: str | None, minor: int, currency: str = "EUR") -> StatementLine:
    return StatementLine(f"ent_{number}", reference, Money(minor, currency), START)


def matches(legs: list[Leg], *lines: StatementLine) -> dict[str, Match]:
    return {one.reference: one.match for one in compare(legs, lines)}


def test_what_both_books_say_is_matched() -> None:
    found = compare([COLLECT, PAYOUT], [line(1, "in", 1000), line(2, "out", -500), line(3, "out", -7)])

    assert [(one.reference, one.match) for one in found] == [("in", Match.MATCHED), ("out", Match.MATCHED)]
    assert found[1].ours == found[1].theirs == Money(-507, "EUR")
    assert found[1].lines == ("ent_2", "ent_3")


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        ([], Match.MISSING_THERE),
        ([line(1, "in", 999)], Match.AMOUNT_DIFFERS),
        ([line(1, "in", -1000)], Match.AMOUNT_DIFFERS),
        ([line(1, "in", 1000), line(2, "in", 1000)], Match.DUPLICATE),
        ([line(1, "in", 3000)], Match.DUPLICATE),
    ],
)
def test_what_does_not_agree_is_named(lines: list[StatementLine], match: Match) -> None:
    assert matches([COLLECT], *lines) == {"in": match}
    assert not match.closes_itself


def test_a_direct_payment_has_no_line_in_our_statement() -> None:
    direct = replace(COLLECT, kind=LegKind.DIRECT, to_link="token")

    assert matches([direct]) == {"in": Match.MATCHED}
    assert matches([direct], line(1, "in", 1000)) == {"in": Match.AMOUNT_DIFFERS}


def test_a_payment_that_only_the_rail_knows_is_missing_here() -> None:
    (found,) = compare([], [line(1, "lost", 1000)])

    assert (found.match, found.ours, found.theirs) == (Match.MISSING_HERE, None, Money(1000, "EUR"))


@pytest.mark.parametrize("state", [LegState.RESERVED, LegState.EXECUTING, LegState.UNSURE])
@pytest.mark.parametrize("lines", [[], [line(1, "in", 1000)]])
def test_an_order_that_is_open_is_under_way_whether_the_rail_has_it_or_not(
    state: LegState, lines: list[StatementLine]
) -> None:
    assert matches([replace(COLLECT, state=state)], *lines) == {"in": Match.UNDER_WAY}


@pytest.mark.parametrize("state", [LegState.REFUSED, LegState.CANCELLED])
def test_an_order_that_ended_without_moving_anything_moved_nothing_there(state: LegState) -> None:
    leg = replace(COLLECT, state=state)

    assert matches([leg]) == {"in": Match.MATCHED}
    assert matches([leg], line(1, "in", 1000)) == {"in": Match.MISSING_HERE}
    assert matches([leg], line(1, "in", 1000), line(2, "in", -1000)) == {"in": Match.MATCHED}


def test_another_currency_is_another_order() -> None:
    found = compare([COLLECT], [line(1, "in", 1000, "USD")])

    assert {(one.match, str(one.ours), str(one.theirs)) for one in found} == {
        (Match.MISSING_THERE, "10.00 EUR", "None"),
        (Match.MISSING_HERE, "None", "10.00 USD"),
    }


def test_lines_that_name_no_order_are_nobodys() -> None:
    assert compare([], [line(1, None, 100_00)]) == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(["in", "out", "lost"]), st.sampled_from([-507, -500, -7, 1, 500, 1000])),
        max_size=6,
    )
)
def test_only_books_that_agree_to_the_cent_close_themselves(told: list[tuple[str, int]]) -> None:
    lines = [line(number, *one) for number, one in enumerate(told)]
    agree = {
        name: sum(minor for reference, minor in told if reference == name) for name in ("in", "out")
    } == {"in": 1000, "out": -507} and not any(reference == "lost" for reference, _ in told)

    assert all(one.match.closes_itself for one in compare([COLLECT, PAYOUT], lines)) is agree
