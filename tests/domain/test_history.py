"""The words behind `!history`: months in figures and by name, kinds, this room, and somebody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from paybridge.domain.history import Search, Sort, read_search
from paybridge.domain.month import Month, month_of, names_of_months, read_month

TODAY = date(2026, 11, 28)
OCTOBER, NOVEMBER, DECEMBER = Month(2026, 10), Month(2026, 11), Month(2025, 12)


@pytest.mark.parametrize(
    ("typed", "language", "meant"),
    [
        ("2026-10", "en", (OCTOBER, 1)),
        ("2026/10", "en", (OCTOBER, 1)),
        ("2026-1", "en", (Month(2026, 1), 1)),
        ("october", "en", (OCTOBER, 1)),
        ("Oct", "en", (OCTOBER, 1)),
        ("NOVEMBER", "en", (NOVEMBER, 1)),
        ("december", "en", (DECEMBER, 1)),
        ("october 2024", "en", (Month(2024, 10), 2)),
        ("october refunds", "en", (OCTOBER, 1)),
        ("this month", "en", (NOVEMBER, 2)),
        ("last month", "en", (OCTOBER, 2)),
        ("2026年10月", "zh", (OCTOBER, 1)),
        ("10月", "zh", (OCTOBER, 1)),
        ("十二月", "zh", (DECEMBER, 1)),
        ("上个月", "zh", (OCTOBER, 1)),
        ("本月", "zh", (NOVEMBER, 1)),
        ("october", "zh", (OCTOBER, 1)),
        ("ottobre", "it", (OCTOBER, 1)),
        ("ottobre", "en", None),
        ("2026-13", "en", None),
        ("2026-00", "en", None),
        ("0000-10", "en", None),
        ("bob", "en", None),
        ("", "en", None),
    ],
)
def test_a_month_is_read_as_people_name_it(
    typed: str, language: str, meant: tuple[Month, int] | None
) -> None:
    assert read_month(typed.split(), language, TODAY) == meant


def test_every_month_has_its_names_in_each_language() -> None:
    for language in ("en", "zh", "de"):
        assert set(names_of_months(language).values()) == set(range(1, 13))


def test_months_follow_each_other_over_the_turn_of_the_year() -> None:
    assert DECEMBER.moved(1) == Month(2026, 1)
    assert Month(2026, 1).moved(-1) == DECEMBER
    assert month_of(TODAY) == NOVEMBER
    assert str(Month(2026, 3)) == "2026-03"


def test_a_month_begins_at_midnight_of_its_zone() -> None:
    assert OCTOBER.begins(ZoneInfo("Europe/Rome")).astimezone(UTC) == datetime(2026, 9, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", Search()),
        ("more", Search(more=True)),
        ("更多", Search(more=True)),
        ("@bob", Search(who="@bob")),
        ("with @bob", Search(who="@bob")),
        ("with May", Search(who="May")),
        ("Bob Smith in october 2026", Search(who="Bob Smith", month=OCTOBER)),
        ("here", Search(here=True)),
        ("in this room", Search(here=True)),
        ("refunds", Search(sort=Sort.REFUNDS)),
        ("topup last month", Search(sort=Sort.TOPUPS, month=OCTOBER)),
        ("received from @bob:hs", Search(sort=Sort.RECEIVED, who="@bob:hs")),
        ("november sent 本群", Search(month=NOVEMBER, sort=Sort.SENT, here=True)),
        ("sent received", Search(sort=Sort.SENT, who="received")),
    ],
)
def test_words_in_any_order_say_what_is_looked_for(typed: str, meant: Search) -> None:
    assert read_search(typed, "en", TODAY) == meant
