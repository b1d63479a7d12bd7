"""Rhythms fall on the days that people expect, and are read as people write them."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.due import DayNotPossibleError, NoSuchDayError
from paybridge.domain.errors import UserError
from paybridge.domain.rhythm import MOST_EVERY, Rhythm, moment_of, monthly, weekly, yearly
from paybridge.domain.rhythm_words import (
    NoRhythmError,
    NotARhythmError,
    OverBeforeItBeginsError,
    TooOftenError,
    read_rhythm,
)

TODAY = date(2026, 11, 28)  # a Saturday
DAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))
EVERY = st.integers(1, MOST_EVERY)
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


def days(rhythm: Rhythm, count: int) -> list[str]:
    return [rhythm.day_at(number).isoformat() for number in range(count)]


def test_the_31st_is_the_last_day_of_short_months_and_the_31st_again_in_long_ones() -> None:
    found = days(monthly(31, date(2027, 11, 1)), 6)

    assert found == ["2027-11-30", "2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]


def test_the_29th_of_february_is_the_28th_but_in_leap_years() -> None:
    found = days(yearly(2, 29, date(2027, 1, 1)), 6)

    assert found == ["2027-02-28", "2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


def test_every_so_many_months_counts_from_the_first_day() -> None:
    found = days(monthly(31, date(2026, 12, 31), every=3), 4)

    assert found == ["2027-01-31", "2027-04-30", "2027-07-31", "2027-10-31"]


@given(DAYS, st.integers(1, 31), EVERY, st.integers(0, 200))
def test_months_have_their_wanted_day_or_their_last_and_none_is_left_out(
    after: date, wanted: int, every: int, number: int
) -> None:
    rhythm = monthly(wanted, after, every=every)
    day, following = rhythm.day_at(number), rhythm.day_at(number + 1)
    months = (following.year - day.year) * 12 + following.month - day.month

    assert day > after
    assert rhythm.day_at(0) - after <= timedelta(days=31)
    assert day.day == min(wanted, monthrange(day.year, day.month)[1])
    assert months == every


@given(DAYS, st.integers(0, 6), EVERY, st.integers(0, 500))
def test_weeks_keep_their_weekday(after: date, weekday: int, every: int, number: int) -> None:
    rhythm = weekly(weekday, after, every=every)

    assert timedelta(0) < rhythm.start - after <= timedelta(days=7)
    assert rhythm.day_at(number).weekday() == weekday
    assert rhythm.day_at(number + 1) - rhythm.day_at(number) == timedelta(weeks=every)


@given(DAYS, st.dates(date(2024, 1, 1), date(2024, 12, 31)), st.integers(0, 60))
def test_years_keep_their_day(after: date, wanted: date, number: int) -> None:
    rhythm = yearly(wanted.month, wanted.day, after)
    day = rhythm.day_at(number)

    assert rhythm.day_at(0) > after
    assert (day.month, day.day) in {(wanted.month, wanted.day), (2, 28)}
    assert rhythm.day_at(number + 1).year == day.year + 1


@given(DAYS, ZONES)
def test_its_moment_is_nine_by_the_local_clock_whatever_the_clocks_do(day: date, zone: ZoneInfo) -> None:
    at = moment_of(day, zone)

    assert at.tzinfo is UTC
    assert at.astimezone(zone).replace(tzinfo=None) == datetime(day.year, day.month, day.day, 9)  # noqa: DTZ001 - by the local clock


@pytest.mark.parametrize(
    ("words", "found", "rest"),
    [
        ("@l 600 EUR monthly 1st", ["2026-12-01", "2027-01-01"], "@l 600 EUR"),
        ("@l 600 EUR monthly on the 31st for rent", ["2026-11-30", "2026-12-31"], "@l 600 EUR for rent"),
        ("@l 600 EUR monthly last day rent", ["2026-11-30", "2026-12-31"], "@l 600 EUR rent"),
        ("@l 600 EUR monthly", ["2026-12-28", "2027-01-28"], "@l 600 EUR"),
        ("monthly 28 @l 600 EUR", ["2026-12-28", "2027-01-28"], "@l 600 EUR"),
        ("monthly 15 EUR @l", ["2026-12-28", "2027-01-28"], "15 EUR @l"),
        ("@b 5 EUR weekly fri", ["2026-12-04", "2026-12-11"], "@b 5 EUR"),
        ("@b 5 EUR every Friday for lunch", ["2026-12-04", "2026-12-11"], "@b 5 EUR for lunch"),
        ("@b 5 EUR every other friday", ["2026-12-04", "2026-12-18"], "@b 5 EUR"),
        ("@b 5 EUR weekly", ["2026-12-05", "2026-12-12"], "@b 5 EUR"),
        ("600 EUR @l every 2 weeks for rent", ["2026-12-12", "2026-12-26"], "600 EUR @l for rent"),
        ("@b 5 EUR fortnightly mon", ["2026-11-30", "2026-12-14"], "@b 5 EUR"),
        ("@b 5 EUR quarterly 15th starting 2027-01-15", ["2027-01-15", "2027-04-15"], "@b 5 EUR"),
        ("@b 5 EUR monthly starting 2027-01-31", ["2027-01-31", "2027-02-28"], "@b 5 EUR"),
        ("@b 5 EUR yearly 29 feb", ["2027-02-28", "2028-02-29"], "@b 5 EUR"),
        ("@b 5 EUR every year on the 1st of march for x", ["2027-03-01", "2028-03-01"], "@b 5 EUR for x"),
        ("@b 5 EUR yearly March 1st", ["2027-03-01", "2028-03-01"], "@b 5 EUR"),
        ("@b 5 EUR annually 03-01", ["2027-03-01", "2028-03-01"], "@b 5 EUR"),
        ("@b 5 EUR yearly", ["2027-11-28", "2028-11-28"], "@b 5 EUR"),
        ("@b 600 EUR 每月1号 房租", ["2026-12-01", "2027-01-01"], "@b 600 EUR 房租"),
        ("@b 5 EUR 每周五", ["2026-12-04", "2026-12-11"], "@b 5 EUR"),
        ("@b 5 EUR 每两周", ["2026-12-12", "2026-12-26"], "@b 5 EUR"),
        ("@b 5 EUR 每年 3月1日", ["2027-03-01", "2028-03-01"], "@b 5 EUR"),
    ],
)
def test_how_often_is_read_and_all_else_left(words: str, found: list[str], rest: str) -> None:
    read = read_rhythm(words, TODAY)

    assert (days(read.rhythm, 2), read.rest) == (found, rest)


@pytest.mark.parametrize(
    ("words", "until", "most"),
    [
        ("@l 600 EUR monthly 1st until 2027-06 max 650", "2027-06-30", "650"),
        ("@l 600 EUR max 650 EUR monthly 1st until 2027-06-01", "2027-06-01", "650 EUR"),
        ("@l 600 EUR 每月1号 直到 2028-02 最多 650 房租", "2028-02-29", "650"),
        ("@l 600 EUR monthly 1st max 650 € for rent", "None", "650 €"),
        ("@l 600 EUR monthly until we part", "None", ""),
    ],
)
def test_its_end_and_its_most_are_read(words: str, until: str, most: str) -> None:
    read = read_rhythm(words, TODAY)

    assert (str(read.until), read.most) == (until, most)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("@b 5 EUR", NoRhythmError),
        ("@b 5 EUR every", NoRhythmError),
        ("@b 5 EUR daily", TooOftenError),
        ("@b 5 EUR every 3 days", TooOftenError),
        ("@b 5 EUR 每天", TooOftenError),
        ("@b 5 EUR every 0 weeks", NotARhythmError),
        ("@b 5 EUR every 61 months", NotARhythmError),
        ("@b 5 EUR every blue moon", NotARhythmError),
        ("@b 5 EUR monthly 32nd", NoSuchDayError),
        ("@b 5 EUR yearly 30 feb", NoSuchDayError),
        ("@b 5 EUR monthly until 2027-13", NoSuchDayError),
        ("@b 5 EUR monthly 1st until 2026-11", OverBeforeItBeginsError),
        ("@b 5 EUR monthly starting 2026-11-28", DayNotPossibleError),
    ],
)
def test_what_says_no_rhythm_is_refused_by_its_name(words: str, error: type[UserError]) -> None:
    with pytest.raises(error):
        read_rhythm(words, TODAY)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(words: str) -> None:
    try:
        read = read_rhythm(f"@b 5 EUR every {words}", TODAY)
    except UserError:
        return

    assert read.rhythm.start > TODAY
