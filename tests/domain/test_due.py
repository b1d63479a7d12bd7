"""A day behind "by" is read where the person lives; anything else behind it is a part of the note."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.due import FARTHEST, DayNotPossibleError, NoSuchDayError, read_due

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")


def ends(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "rest", "until"),
    [
        ("Bob 8 EUR by friday", "Bob 8 EUR", ends(2026, 3, 6)),
        ("Bob 8 EUR by Fri for taxi", "Bob 8 EUR for taxi", ends(2026, 3, 6)),
        ("Bob by monday 8 EUR", "Bob 8 EUR", ends(2026, 3, 2)),
        ("Bob 8 EUR for taxi until sunday.", "Bob 8 EUR for taxi", ends(2026, 3, 8)),
        ("Bob 8 EUR by today", "Bob 8 EUR", ends(2026, 3, 2)),
        ("Bob 8 EUR by tomorrow", "Bob 8 EUR", ends(2026, 3, 3)),
        ("Bob 8 EUR by 2026-04-01", "Bob 8 EUR", ends(2026, 4, 1)),
        ("Bob 8 EUR by 2026-4-1", "Bob 8 EUR", ends(2026, 4, 1)),
        ("Bob 8元 周五前", "Bob 8元", ends(2026, 3, 6)),
        ("Bob 8元 星期日前 打车", "Bob 8元 打车", ends(2026, 3, 8)),
        ("Bob 8元 明天前", "Bob 8元", ends(2026, 3, 3)),
        ("Bob 8 EUR for the trip by car", "Bob 8 EUR for the trip by car", None),
        ("Bob 8 EUR by", "Bob 8 EUR by", None),
        ("Bob 8 EUR for friday", "Bob 8 EUR for friday", None),
        ("Bob 8 EUR for the trip by car by friday", "Bob 8 EUR for the trip by car", ends(2026, 3, 6)),
    ],
)
def test_a_day_is_read_and_taken_out_of_the_words(words: str, rest: str, until: datetime | None) -> None:
    assert read_due(words, MONDAY, UTC) == (rest, until)


def test_a_day_ends_where_the_person_lives() -> None:
    _, until = read_due("by today", datetime(2026, 3, 2, 23, 30, tzinfo=UTC), ROME)

    assert until == datetime(2026, 3, 3, 23, tzinfo=UTC)


def test_a_day_that_is_not_in_the_calendar_is_refused() -> None:
    with pytest.raises(NoSuchDayError) as refused:
        read_due("Bob 8 EUR by 2026-02-30", MONDAY, UTC)

    assert refused.value.facts() == {"typed": "2026-02-30"}


@pytest.mark.parametrize("day", ["2026-03-01", "2020-01-01", "2026-04-17", "9999-12-31"])
def test_a_day_that_is_over_or_too_far_is_refused_with_what_is_possible(day: str) -> None:
    with pytest.raises(DayNotPossibleError) as refused:
        read_due(f"Bob 8 EUR by {day}", MONDAY, UTC)

    assert refused.value.facts() == {"typed": day, "first": date(2026, 3, 2), "last": date(2026, 4, 15)}
    assert read_due("by 2026-04-15", MONDAY, UTC)[1] == ends(2026, 4, 15)


@given(
    st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["by", "until", "fri", "周五前", "2026-3-9"])))
)
def test_whatever_is_typed_ends_within_what_is_possible_or_is_refused(words: list[str]) -> None:
    try:
        _, until = read_due(" ".join(words), MONDAY, ROME)
    except (NoSuchDayError, DayNotPossibleError):
        return

    assert until is None or MONDAY < until <= MONDAY + FARTHEST
