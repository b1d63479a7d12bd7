"""Opening hours: as people type them, over midnight, and where clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paybridge.domain.opening import DAYS, HoursNotReadError, read_hours

BERLIN = ZoneInfo("Europe/Berlin")


def local(day: int, clock: str, month: int = 3, *, fold: int = 0) -> datetime:
    """A moment of 2026 by the clocks of Berlin; 2 March is a Monday."""
    hour, minute = clock.split(":")
    return datetime(2026, month, day, int(hour), int(minute), tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("mon-fri 08:00-18:00, sat 09:00-13:00", "mon-fri 08:00-18:00, sat 09:00-13:00"),
        ("Mon - Fri 8-12 14-18; Saturday 9:30-13", "mon-fri 08:00-12:00 14:00-18:00, sat 09:30-13:00"),
        ("daily 18:00-02:00", "mon-sun 18:00-02:00"),
        ("mon wed fri 8.00-12.00", "mon 08:00-12:00, wed 08:00-12:00, fri 08:00-12:00"),
        ("fri-mon 10:00-24:00", "mon 10:00-24:00, fri-sun 10:00-24:00"),
        ("mon-sun 0:00-24:00", "mon-sun 00:00-24:00"),
        ("周一至周五 08:00-18:00、周六 9-13", "mon-fri 08:00-18:00, sat 09:00-13:00"),
        ("每天 8-20", "mon-sun 08:00-20:00"),
    ],
)
def test_hours_are_read_and_told_the_same_way_again(typed: str, read: str) -> None:
    hours = read_hours(typed)

    assert str(hours) == read
    assert read_hours(str(hours)) == hours


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "mon",
        "08:00-18:00",
        "mon 25:00-26:00",
        "mon 08:60-09:00",
        "mon 08:00-08:00",
        "someday 8-12",
        "mon 8-12 tue",
        "mon 8-12, mon 11-14",
        "mon 22-03, tue 02-05",
        "sun 22-03, mon 02-05",
        "mon 8-12 mon",
        "mon-fri",
        ",",
    ],
)
def test_what_says_no_hours_is_refused(typed: str) -> None:
    with pytest.raises(HoursNotReadError):
        read_hours(typed)


@pytest.mark.parametrize(
    ("at", "is_open", "opens"),
    [
        (local(2, "07:59"), False, local(2, "08:00")),
        (local(2, "08:00"), True, local(3, "08:00")),
        (local(2, "17:59"), True, local(3, "08:00")),
        (local(2, "18:00"), False, local(3, "08:00")),
        (local(7, "12:00"), True, local(9, "08:00")),
        (local(8, "12:00"), False, local(9, "08:00")),
    ],
)
def test_a_shop_opens_and_closes_by_its_own_clock(at: datetime, is_open: bool, opens: datetime) -> None:  # noqa: FBT001 - as in the table
    hours = read_hours("mon-fri 08:00-18:00, sat 09:00-13:00")

    assert hours.is_open(at, BERLIN) is is_open
    assert hours.opens_next(at, BERLIN) == opens


def test_a_bar_is_open_over_midnight_and_over_the_end_of_the_week() -> None:
    hours = read_hours("fri-sun 20:00-02:00")

    assert hours.is_open(local(6, "23:59"), BERLIN)
    assert hours.is_open(local(7, "01:59"), BERLIN)
    assert not hours.is_open(local(7, "02:00"), BERLIN)
    assert hours.is_open(local(9, "01:00"), BERLIN)
    assert not hours.is_open(local(6, "01:00"), BERLIN)
    assert hours.opens_next(local(9, "02:00"), BERLIN) == local(13, "20:00")


def test_what_the_clocks_skip_opens_when_they_do() -> None:
    """On 29 March 2026 clocks go from 02:00 to 03:00."""
    hours = read_hours("sun 02:30-05:00")

    assert hours.opens_next(local(29, "01:00"), BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert not hours.is_open(local(29, "01:59"), BERLIN)
    assert hours.is_open(local(29, "03:00"), BERLIN)
    assert hours.is_open(local(29, "04:59"), BERLIN)


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    """On 25 October 2026 clocks go back from 03:00 to 02:00."""
    hours = read_hours("sun 02:00-02:30")

    assert hours.is_open(local(25, "02:15", 10), BERLIN)
    assert hours.is_open(local(25, "02:15", 10, fold=1), BERLIN)
    assert not hours.is_open(local(25, "02:30", 10, fold=1), BERLIN)
    assert not hours.is_open(local(25, "01:59", 10), BERLIN)


def test_a_span_that_is_skipped_whole_never_opens() -> None:
    hours = read_hours("sun 02:10-02:40")

    for day in (22, 28):
        assert hours.opens_next(local(day, "12:00"), BERLIN) == datetime(2026, 4, 5, 0, 10, tzinfo=UTC)


@given(
    spans=st.lists(
        st.tuples(st.sampled_from(DAYS), st.integers(0, 23), st.integers(0, 24)), min_size=1, max_size=5
    ),
    minutes=st.integers(0, 60 * 24 * 366),
    zone=st.sampled_from(("Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe")),
)
@settings(deadline=None)
def test_it_is_closed_until_it_opens_and_open_then(
    spans: list[tuple[str, int, int]], minutes: int, zone: str
) -> None:
    typed = ", ".join(f"{day} {begins}-{ends}" for day, begins, ends in spans)
    try:
        hours = read_hours(typed)
    except HoursNotReadError:
        return
    at, there = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), ZoneInfo(zone)
    opens = hours.opens_next(at, there)

    assert at < opens <= at + timedelta(days=8, hours=2)
    assert hours.is_open(opens, there)
    if not hours.is_open(at, there):
        assert not hours.is_open(opens - timedelta(minutes=1), there) or opens - at <= timedelta(minutes=1)
