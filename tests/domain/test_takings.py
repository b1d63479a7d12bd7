"""Sums of a shop: no cent is lost between rates, and a day is as long as its zone says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.invoice import Bill, Line, tax_in
from paybridge.domain.money import Money
from paybridge.domain.takings import Booked, Sort, Whose, edges, together
from paybridge.domain.takings_report import Sold, by_rate
from paybridge.domain.transfer import TransferKind

RATES = st.sampled_from([0, 700, 1900, 550])
LINES = st.lists(
    st.builds(
        lambda pieces, each, rate: Line("x", pieces, Money(each, "EUR"), rate),
        st.integers(1, 20),
        st.integers(1, 5000),
        RATES,
    ),
    min_size=1,
    max_size=6,
)
BILLS = st.builds(lambda lines, off: Bill(tuple(lines), discount_rate=off), LINES, st.integers(0, 9_000))
SOLD = st.builds(
    lambda pieces, gross, rate: Sold("x", pieces, Money(gross, "EUR"), rate),
    st.integers(1, 50),
    st.integers(1, 10**6),
    RATES,
)


@given(
    st.lists(SOLD, max_size=5),
    st.lists(st.tuples(BILLS, st.integers(-(10**6), 10**6).filter(bool)), max_size=5),
)
def test_whatever_was_paid_stands_at_some_rate(sold: list[Sold], papers: list[tuple[Bill, int]]) -> None:
    rows = by_rate(sold, papers, "EUR")
    paid = sum(one.gross.minor for one in sold) + sum(minor for _, minor in papers)

    assert sum(row.left.minor for row in rows) == paid
    assert all(row.taken.minor >= 0 >= row.given.minor for row in rows)
    assert len({row.rate for row in rows}) == len(rows)


@given(BILLS)
def test_a_bill_that_is_paid_and_given_back_whole_leaves_nothing_and_no_tax(bill: Bill) -> None:
    whole = bill.total.minor
    rows = by_rate([], [(bill, whole), (bill, -whole)], "EUR")
    paid = {row.rate: (row.taken, row.tax) for row in by_rate([], [(bill, whole)], "EUR")}

    assert [(row.left, row.tax) for row in rows] == [(Money(0, "EUR"), Money(0, "EUR"))] * len(rows)
    assert paid == {one.rate: (one.gross, one.tax) for one in bill.taxes if one.gross.is_positive}


@given(st.integers(1, 10**9), RATES)
def test_the_tax_of_what_is_given_back_is_that_of_what_was_paid(minor: int, rate: int) -> None:
    assert tax_in(Money(-minor, "EUR"), rate) == -tax_in(Money(minor, "EUR"), rate)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_of_its_zone_make_it(zone: str, day: date, hours: float) -> None:
    begins, ends = edges(day, 1, zone)
    last = ends - timedelta(microseconds=1)

    assert ends - begins == timedelta(hours=hours)
    assert begins.astimezone(ZoneInfo(zone)).date() == last.astimezone(ZoneInfo(zone)).date() == day
    assert begins.tzinfo is UTC


def test_what_went_out_and_came_back_again_is_no_refund() -> None:
    out, back = (
        Booked(
            day,
            TransferKind.REFUND,
            incoming=False,
            whose=Whose.ORDER,
            currency="EUR",
            count=count,
            minor=minor,
        )
        for day, count, minor in ((0, 3, -900), (4, 1, 300))
    )
    found = together([out, back], "EUR")

    assert found.count(Sort.REFUNDS) == 2
    assert found.given == Money(-600, "EUR")
    assert found.taken == Money(0, "EUR")


def test_what_an_owner_lives_on_is_no_business_of_the_shop() -> None:
    own = [
        Booked(0, kind, incoming=incoming, whose=Whose.NOTHING, currency="EUR", count=1, minor=5)
        for kind, incoming in (
            (TransferKind.PAY, False),
            (TransferKind.TOPUP, True),
            (TransferKind.REFUND, True),
            (TransferKind.REFUND, False),
        )
    ]

    assert together(own, "EUR").parts == ()
    assert together(own, "EUR").left == Money(0, "EUR")


def test_months_that_two_zones_see_apart_begin_apart() -> None:
    berlin, utc = (edges(date(2026, 3, 1), 31, zone) for zone in ("Europe/Berlin", "UTC"))

    assert berlin[0] == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert berlin[-1] == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert utc[0] == datetime(2026, 3, 1, tzinfo=UTC)
    assert len(berlin) == len(utc) == 32
