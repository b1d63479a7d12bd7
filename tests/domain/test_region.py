"""What a region's caps let one send: at most so much at once, a day, a month, a night, and so many times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.domain.money import Money
from paybridge.domain.region import (
    FREE,
    CapError,
    Caps,
    CurrencyNotSentError,
    Level,
    OverTheCountCapError,
    OverTheDayCapError,
    OverTheEachCapError,
    OverTheMonthCapError,
    OverTheNightCapError,
    Region,
    Spans,
    Spent,
    check_each,
    check_sums,
)
from paybridge.domain.standing import ZONE_DELAY, Standing
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import Night, day_of, zone_named
from tests.fakes.records import euros

CAPS = Caps(each=euros(5000), day=euros(8000), month=euros(20000), night=euros(3000), count=4)
SAO_PAULO = zone_named("America/Sao_Paulo")
PIX = Night(time(20), time(6))
BY_DAY = Spans.of(datetime(2026, 11, 28, 15, tzinfo=UTC), SAO_PAULO, PIX)
AT_NIGHT = Spans.of(datetime(2026, 11, 29, 2, tzinfo=UTC), SAO_PAULO, PIX)


def spent(count: int = 0, day: int = 0, month: int = 0, night: int = 0) -> Spent:
    return Spent(count, euros(day), euros(month), euros(night))


@pytest.mark.parametrize(
    ("cents", "before", "spans"),
    [
        (5000, spent(), BY_DAY),
        (3000, spent(), AT_NIGHT),
        (5000, spent(3, 3000, 15000), BY_DAY),
        (5000, spent(1, 3000, 3000, 3000), BY_DAY),
        (1, spent(3, 7999, 19999, 2999), AT_NIGHT),
    ],
)
def test_within_every_cap_a_payment_passes(cents: int, before: Spent, spans: Spans) -> None:
    check_each([euros(cents)], CAPS)
    check_sums([euros(cents)], CAPS, before, spans)


@pytest.mark.parametrize(
    ("cents", "before", "spans", "refusal", "left"),
    [
        (5000, spent(1, 3001), BY_DAY, OverTheDayCapError, 4999),
        (1, spent(1, 9000), BY_DAY, OverTheDayCapError, 0),
        (5000, spent(1, 0, 15001), BY_DAY, OverTheMonthCapError, 4999),
        (3001, spent(), AT_NIGHT, OverTheNightCapError, 3000),
        (1001, spent(1, 2000, 2000, 2000), AT_NIGHT, OverTheNightCapError, 1000),
    ],
)
def test_what_goes_over_a_cap_is_refused_with_what_is_left(
    cents: int, before: Spent, spans: Spans, refusal: type[CapError], left: int
) -> None:
    with pytest.raises(refusal) as refused:
        check_sums([euros(cents)], CAPS, before, spans)

    assert refused.value.facts().get("left") == euros(left)


def test_no_payment_of_a_card_may_be_more_than_one_may_be() -> None:
    with pytest.raises(OverTheEachCapError) as refused:
        check_each([euros(1), euros(5001)], CAPS)

    assert refused.value.facts() == {"most": euros(5000)}


def test_the_payments_of_a_card_count_together() -> None:
    three = [euros(2500)] * 3
    check_sums(three, CAPS, spent(1, 500, 500), BY_DAY)

    with pytest.raises(OverTheDayCapError):
        check_sums(three, CAPS, spent(1, 501, 501), BY_DAY)
    with pytest.raises(OverTheCountCapError) as refused:
        check_sums(three, CAPS, spent(2), BY_DAY)
    assert refused.value.facts()["left"] == 2


@pytest.mark.parametrize(
    ("before", "spans", "frees"),
    [
        (spent(4), BY_DAY, "2026-11-29T00:00:00-03:00"),
        (spent(0, 8000), BY_DAY, "2026-11-29T00:00:00-03:00"),
        (spent(0, 0, 20000), BY_DAY, "2026-12-01T00:00:00-03:00"),
        (spent(0, 0, 0, 3000), AT_NIGHT, "2026-11-29T06:00:00-03:00"),
    ],
)
def test_a_refusal_says_by_the_local_clock_when_it_frees_up(before: Spent, spans: Spans, frees: str) -> None:
    with pytest.raises(CapError) as refused:
        check_sums([euros(1)], CAPS, before, spans)

    told = refused.value.facts()["frees"]
    assert isinstance(told, datetime)
    assert told.isoformat() == frees


@given(st.lists(st.integers(1, 6000), max_size=40), st.integers(0, 40))
def test_whatever_is_asked_for_no_cap_is_ever_exceeded(wishes: list[int], hours: int) -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC) + timedelta(hours=hours)
    spans = Spans.of(at, SAO_PAULO, PIX)
    total = count = 0
    for cents in wishes:
        night = total if spans.night else 0
        try:
            check_each([euros(cents)], CAPS)
            check_sums([euros(cents)], CAPS, spent(count, total, total, night), spans)
        except CapError:
            continue
        total, count = total + cents, count + 1

    assert total <= (3000 if spans.night else 8000)
    assert count <= 4


def test_without_caps_everything_passes() -> None:
    enormous = Money(10**14, "EUR")
    past = Spent(10**6, enormous, enormous, enormous)
    check_each([enormous], FREE)
    check_sums([enormous], FREE, past, AT_NIGHT)

    assert not FREE.sum_up
    assert Region().caps(TransferKind.PAY, Level.UNCHECKED, "EUR") == FREE


def test_only_what_the_region_covers_counts() -> None:
    region = Region(limits={level: {"EUR": CAPS} for level in Level})

    assert region.caps(TransferKind.PAY, Level.NAMED, "EUR") == CAPS
    assert region.caps(TransferKind.TOPUP, Level.NAMED, "JPY") == FREE
    with pytest.raises(CurrencyNotSentError) as refused:
        region.caps(TransferKind.PAY, Level.NAMED, "JPY")
    assert refused.value.facts() == {"currency": "JPY", "currencies": "EUR"}


def test_a_new_zone_counts_only_after_a_day_so_that_it_ends_no_night_and_begins_no_day() -> None:
    said = datetime(2026, 11, 28, 22, tzinfo=UTC)
    moved = Standing("anna", zone="Europe/Rome").moving_to("Asia/Tokyo", said)

    assert moved.zone_at(said) == "Europe/Rome"
    assert moved.zone_at(said + ZONE_DELAY - timedelta(seconds=1)) == "Europe/Rome"
    assert moved.zone_at(said + ZONE_DELAY) == "Asia/Tokyo"
    again = moved.moving_to("Asia/Seoul", said + timedelta(hours=1))
    assert again.zone_at(said + ZONE_DELAY) == "Europe/Rome"
    assert moved.moving_to("Asia/Seoul", said + ZONE_DELAY).zone == "Asia/Tokyo"


def test_spans_are_those_of_the_zone() -> None:
    assert AT_NIGHT.night is not None
    assert BY_DAY.night is None
    assert day_of(BY_DAY.day.start, SAO_PAULO) == BY_DAY.day
    assert replace(AT_NIGHT, night=None).day == BY_DAY.day
