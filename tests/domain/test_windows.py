"""Local days, months and nights cover all of time, each moment once, whatever clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.windows import (
    Night,
    UnknownZoneError,
    Window,
    day_of,
    month_of,
    night_of,
    zone_named,
)

# Clocks change at midnight in Beirut and Havana, by half an hour on Lord Howe, and Kiritimati is a day ahead.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Asia/Shanghai",
    "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "Pacific/Kiritimati", "Africa/Cairo",
)  # fmt: skip
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
PIX = Night(time(20), time(6))
NIGHTS = st.sampled_from(
    (PIX, Night(time(1), time(5)), Night(time(23), time(2, 30)), Night(time(0), time(3)))
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def span(start: str, end: str) -> Window:
    return Window(at(start), at(end))


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-11-28T12:00Z", "UTC", ("2026-11-28T00:00Z", "2026-11-29T00:00Z")),
        ("2026-11-28T23:30Z", "Europe/Berlin", ("2026-11-28T23:00Z", "2026-11-29T23:00Z")),
        ("2026-03-29T12:00Z", "Europe/Berlin", ("2026-03-28T23:00Z", "2026-03-29T22:00Z")),
        ("2026-10-25T12:00Z", "Europe/Berlin", ("2026-10-24T22:00Z", "2026-10-25T23:00Z")),
        ("2026-03-29T00:00Z", "Asia/Beirut", ("2026-03-28T22:00Z", "2026-03-29T21:00Z")),
        ("2026-10-24T21:30Z", "Asia/Beirut", ("2026-10-23T21:00Z", "2026-10-24T22:00Z")),
        ("2026-11-28T18:29Z", "Asia/Kolkata", ("2026-11-27T18:30Z", "2026-11-28T18:30Z")),
    ],
    ids=["utc", "berlin", "23 hours", "25 hours", "no midnight", "hour before midnight twice", "half hours"],
)
def test_a_day_is_that_of_the_zone(moment: str, zone: str, day: tuple[str, str]) -> None:
    assert day_of(at(moment), zone_named(zone)) == span(*day)


@pytest.mark.parametrize(
    ("moment", "zone", "month"),
    [
        ("2026-02-28T23:59Z", "UTC", ("2026-02-01T00:00Z", "2026-03-01T00:00Z")),
        ("2028-02-29T12:00Z", "UTC", ("2028-02-01T00:00Z", "2028-03-01T00:00Z")),
        ("2026-12-31T23:30Z", "Europe/Berlin", ("2026-12-31T23:00Z", "2027-01-31T23:00Z")),
        ("2026-10-31T12:00Z", "Europe/Berlin", ("2026-09-30T22:00Z", "2026-10-31T23:00Z")),
        ("2026-01-31T12:00Z", "UTC", ("2026-01-01T00:00Z", "2026-02-01T00:00Z")),
    ],
)
def test_a_month_is_that_of_the_zone(moment: str, zone: str, month: tuple[str, str]) -> None:
    assert month_of(at(moment), zone_named(zone)) == span(*month)


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        ("2026-11-28T19:59-03:00", None),
        ("2026-11-28T20:00-03:00", ("2026-11-28T20:00-03:00", "2026-11-29T06:00-03:00")),
        ("2026-11-29T05:59-03:00", ("2026-11-28T20:00-03:00", "2026-11-29T06:00-03:00")),
        ("2026-11-29T06:00-03:00", None),
        ("2027-01-01T00:00-03:00", ("2026-12-31T20:00-03:00", "2027-01-01T06:00-03:00")),
    ],
)
def test_the_night_of_pix_is_from_eight_to_six(moment: str, night: tuple[str, str] | None) -> None:
    found = night_of(at(moment), zone_named("America/Sao_Paulo"), PIX)

    assert found == (None if night is None else span(*night))


def test_a_night_may_begin_after_midnight() -> None:
    night, berlin = Night(time(1), time(5)), zone_named("Europe/Berlin")

    assert night_of(at("2026-11-28T00:59+01:00"), berlin, night) is None
    assert night_of(at("2026-11-28T01:00+01:00"), berlin, night) == span(
        "2026-11-28T01:00+01:00", "2026-11-28T05:00+01:00"
    )
    assert night_of(at("2026-11-28T05:00+01:00"), berlin, night) is None


@given(MOMENTS, st.sampled_from(ZONES))
def test_each_moment_is_in_one_day_and_the_next_one_begins_where_it_ends(moment: datetime, zone: str) -> None:
    local = ZoneInfo(zone)
    day = day_of(moment, local)

    assert day.start <= moment < day.end
    assert moment.astimezone(local).date() == day.start.astimezone(local).date()
    assert day_of(day.end, local).start == day.end
    assert day_of(day.start, local) == day
    assert timedelta(hours=22) < day.end - day.start < timedelta(hours=26)


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_month_is_made_of_whole_days(moment: datetime, zone: str) -> None:
    local = ZoneInfo(zone)
    month, day = month_of(moment, local), day_of(moment, local)

    assert month.start <= day.start < day.end <= month.end
    assert month_of(month.end, local).start == month.end
    assert month.start.astimezone(local).day == 1


@given(MOMENTS, st.sampled_from(ZONES), NIGHTS)
def test_a_night_holds_its_moment_and_is_the_same_from_each_of_its_own(
    moment: datetime, zone: str, night: Night
) -> None:
    local = ZoneInfo(zone)
    found = night_of(moment, local, night)
    if found is not None:
        assert found.start <= moment < found.end
        assert found.end - found.start < timedelta(hours=12)
        assert night_of(found.start, local, night) == found
    else:
        clock = moment.astimezone(local).time()
        inside = night.begins <= clock < night.ends
        across = night.begins > night.ends and (clock >= night.begins or clock < night.ends)
        assert not inside
        assert not across


@pytest.mark.parametrize("name", ["", "Berlin", "Europe/Atlantis", "../../etc/passwd", "Europe/", "\0"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownZoneError):
        zone_named(name)
