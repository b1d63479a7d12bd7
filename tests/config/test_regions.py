"""Each region's file says everything, and an operator changes any value of it, checked at the start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from itertools import pairwise
from typing import Any

import pytest

from paybridge.config import Config, ConfigError
from paybridge.config.regions import REGIONS, profile_of, region_of
from paybridge.config.rules import Rules
from paybridge.domain.fee import Fee
from paybridge.domain.money import Money
from paybridge.domain.region import Caps, Level
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import zone_named

CLOCK = 'must be a time of day in quotes, as in "20:00"'
Load = Callable[..., Config]
Written = dict[str, Any]


def caps(config: Config, level: Level = Level.UNCHECKED, currency: str = "EUR") -> Caps:
    return config.settings().region.caps(TransferKind.PAY, level, currency)


@pytest.mark.parametrize("name", REGIONS)
def test_each_region_says_everything(name: str) -> None:
    profile, region = profile_of(name), region_of(name, Rules())
    silent = [key for key in Rules.model_fields if getattr(profile, key) is None]

    assert silent == []
    assert region.limits is not None
    assert str(zone_named(region.zone)) == profile.zone
    assert all(profile.currency in region.limits[level] for level in Level)


@pytest.mark.parametrize("name", REGIONS)
def test_being_better_known_never_lowers_a_cap(name: str) -> None:
    region = region_of(name, Rules())
    for currency in region.currencies:
        ladder = [region.caps(TransferKind.PAY, level, currency) for level in Level]
        for lower, higher in pairwise(ladder):
            for cap in ("each", "day", "month", "night", "count"):
                below, above = getattr(lower, cap), getattr(higher, cap)
                assert above is None or below <= above, cap


def test_the_default_is_the_european_union(load: Load, written: Written) -> None:
    config = load(written)

    assert config.settings().region == region_of("eu", Rules())
    assert caps(config).month == Money.of("150", "EUR")


@pytest.mark.parametrize(
    ("region", "currency"), [("eu", "EUR"), ("in", "INR"), ("br", "BRL"), ("us", "USD"), ("cn", "CNY")]
)
def test_the_currency_is_the_regions_own_unless_one_is_named(
    load: Load, written: Written, region: str, currency: str
) -> None:
    assert load(written | {"region": region}).currency == currency


def test_the_regions_differ_in_what_they_are_known_for() -> None:
    india, brazil = region_of("in", Rules()), region_of("br", Rules())
    night = brazil.caps(TransferKind.CASHOUT, Level.CHECKED, "BRL").night

    assert not india.requests
    assert (brazil.night.begins, brazil.night.ends) == (time(20), time(6))
    assert night == Money.of("1000", "BRL")


def test_one_value_is_changed_and_all_others_stay(load: Load, written: Written) -> None:
    before = caps(load(written))
    written["rules"] = {"limits": {"unchecked": {"EUR": {"each": "20"}}}, "requests": False}

    after = load(written)

    assert caps(after) == Caps(Money.of("20", "EUR"), before.day, before.month, before.night, before.count)
    assert caps(after, Level.NAMED) == caps(load(written | {"rules": {}}), Level.NAMED)
    assert not after.settings().region.requests


def test_a_cap_is_taken_away_and_a_currency_is_added(load: Load, written: Written) -> None:
    eur = dict.fromkeys(("each", "day", "month", "count"), "unlimited")
    written["rules"] = {"limits": {"unchecked": {"EUR": eur, "GBP": {"each": "30", "count": 2}}}}

    config = load(written)

    assert caps(config) == Caps()
    assert caps(config, Level.UNCHECKED, "GBP") == Caps(each=Money.of("30", "GBP"), count=2)
    assert caps(config, Level.CHECKED, "GBP") == caps(config, Level.UNCHECKED, "GBP")


def test_every_other_rule_can_be_changed_and_by_the_environment_too(load: Load, written: Written) -> None:
    env = {
        "PAYBRIDGE__RULES__ZONE": "Europe/Lisbon",
        "PAYBRIDGE__RULES__COVERS": "[topup, cashout]",
        "PAYBRIDGE__RULES__NIGHT__BEGINS": "21:30",
        "PAYBRIDGE__RULES__TERMS": "ours-3",
        "PAYBRIDGE__RULES__RETENTION_YEARS": "7",
        "PAYBRIDGE__RULES__LIMITS__CHECKED": '{EUR: {night: "5"}}',
    }

    region = load(written, env).settings().region

    assert region.zone == "Europe/Lisbon"
    assert region.covers == {TransferKind.TOPUP, TransferKind.CASHOUT}
    assert (region.night.begins, region.night.ends) == (time(21, 30), time(6))
    assert (region.terms, region.retention_years) == ("ours-3", 7)
    assert region.caps(TransferKind.TOPUP, Level.CHECKED, "EUR").night == Money.of("5", "EUR")


def test_a_fee_of_the_house_is_read_exactly_and_no_region_has_one(load: Load, written: Written) -> None:
    assert all(region_of(name, Rules()).fees == {} for name in REGIONS)
    written["rules"] = {"fees": {"EUR": {"flat": "0.10", "basis_points": 50, "most": "5"}}}

    fees = load(written).settings().region.fees

    euro = Money.of("0.10", "EUR"), 50, Money.zero("EUR"), Money.of("5", "EUR")
    assert fees == {"EUR": Fee(*euro)}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"zone": "Mars/Olympus"}, "rules.zone: must be a time zone such as Europe/Berlin"),
        ({"zone": 3}, "rules.zone: must be a time zone such as Europe/Berlin"),
        (
            {"night": {"begins": "25:00"}},
            'rules.night.begins: must be a time of day in quotes, as in "20:00"',
        ),
        ({"night": {"begins": 1200}}, 'rules.night.begins: must be a time of day in quotes, as in "20:00"'),
        ({"night": {"begins": "06:00"}}, "rules.night.ends: is when the night begins"),
        ({"covers": ["refund"]}, "rules.covers[0]: should be 'pay', 'topup' or 'cashout'"),
        ({"retention_years": 0}, "rules.retention_years: should be greater than or equal to 1"),
        ({"limts": {}}, "rules.limts: no such key, did you mean rules.limits?"),
        (
            {"limits": {"unchecked": {"EUR": {"each": 9.5}}}},
            'rules.limits.unchecked.EUR.each: must stand in quotes, as in "30.00", to be read exactly',
        ),
        (
            {"limits": {"unchecked": {"EUR": {"day": "1.005"}}}},
            "rules.limits.unchecked.EUR.day: '1.005' has more than the 2 decimals of EUR",
        ),
        (
            {"limits": {"named": {"EUR": {"month": "-1"}}}},
            "rules.limits.named.EUR.month: cannot be below zero",
        ),
        (
            {"limits": {"named": {"EURO": {"month": "1"}}}},
            "rules.limits.named.EURO.each: 'EURO' is not a currency",
        ),
        (
            {"limits": {"named": {"EURO": {"night": "unlimited"}}}},
            "rules.limits.named.EURO.each: 'EURO' is not a currency",
        ),
        ({"fees": {"EURO": {"flat": "1"}}}, "rules.fees.EURO: 'EURO' is not a currency"),
        ({"fees": {"EUR": {"flat": "0.005"}}}, "rules.fees.EUR.flat: '0.005' has more than the 2 decimals"),
        ({"fees": {"EUR": {"least": "-1"}}}, "rules.fees.EUR.least: cannot be below zero"),
        ({"fees": {"EUR": {"least": "2", "most": "1"}}}, "rules.fees.EUR.most: is below the least"),
        ({"fees": {"EUR": {"basis_points": 0.5}}}, "rules.fees.EUR.basis_points: should be a valid integer"),
        ({"limits": {"everybody": {}}}, "rules.limits.everybody: no such key"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_in_one_line_at_its_key(
    load: Load, written: Written, rules: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written | {"rules": rules})

    assert str(refused.value).removeprefix("config: ").startswith(told)
    assert "\n" not in str(refused.value)


def test_a_currency_that_the_region_does_not_know_is_refused(load: Load, written: Written) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written | {"currency": "INR"})

    assert str(refused.value).removeprefix("config: ") == (
        "currency: the region eu has no limits in INR, only in EUR, SAT: "
        "choose another region, or name some in rules.limits"
    )
