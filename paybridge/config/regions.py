"""Makes a region's rules of its file and of what the operator changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from importlib.resources import files
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel
from ruamel.yaml import YAML

from paybridge.config.rules import UNLIMITED, CapRules, FeeRules, Profile, Rules
from paybridge.config.sections import at_key
from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.fee import Fee
from paybridge.domain.money import Money, MoneyError
from paybridge.domain.region import Caps, Level, Region
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import Night

RegionName = Literal["eu", "in", "br", "us", "cn"]
REGIONS: Final[tuple[RegionName, ...]] = ("eu", "in", "br", "us", "cn")

Told = TypeVar("Told", bound=BaseModel)


def profile_of(region: str) -> Profile:
    """The rules that come with PayBridge for this region."""
    written = (files("paybridge") / "regions" / f"{region}.yaml").read_text(encoding="utf-8")
    return Profile.model_validate(YAML(typ="safe", pure=True).load(written))


def region_of(name: str, overrides: Rules) -> Region:
    """The region's rules with what the operator changes; a fault is told at its key."""
    rules = _over(profile_of(name), overrides)
    night = Night(time.fromisoformat(rules.night.begins or ""), time.fromisoformat(rules.night.ends or ""))
    if night.begins == night.ends:
        raise at_key("rules.night.ends", "is when the night begins")
    return Region(
        name=name,
        zone=rules.zone or "",
        limits=_limits(rules),
        covers=frozenset(map(TransferKind, rules.covers or ())),
        night=night,
        requests=rules.requests is not False,
        fees={name: _fee(f"rules.fees.{name}", name, fee) for name, fee in rules.fees.items()},
        terms=rules.terms or "",
        retention_years=rules.retention_years or 0,
    )


def _limits(rules: Rules) -> Mapping[Level, Mapping[str, Caps]]:
    """By level; a currency that a level does not name is as in the level below."""
    limits: dict[Level, dict[str, Caps]] = {}
    known: dict[str, Caps] = {}
    for level in Level:
        written: Mapping[str, CapRules] = getattr(rules.limits, level)
        known |= {name: _caps(f"rules.limits.{level}.{name}", name, caps) for name, caps in written.items()}
        limits[level] = dict(known)
    return limits


def _over(base: Told, above: BaseModel) -> Told:
    """`base` with everything that `above` says in its place, section by section and currency by currency."""
    changed: dict[str, Any] = {}
    for name in type(above).model_fields:
        old, new = getattr(base, name), getattr(above, name)
        if isinstance(new, BaseModel):
            changed[name] = _over(old, new)
        elif isinstance(new, Mapping):
            changed[name] = old | {
                key: _over(old[key], value) if key in old else value for key, value in new.items()
            }
        elif new is not None:
            changed[name] = new
    return base.model_copy(update=changed)


def _caps(key: str, currency: str, rules: CapRules) -> Caps:
    return Caps(
        each=_cap(f"{key}.each", rules.each, currency),
        day=_cap(f"{key}.day", rules.day, currency),
        month=_cap(f"{key}.month", rules.month, currency),
        night=_cap(f"{key}.night", rules.night, currency),
        count=rules.count if isinstance(rules.count, int) else None,
    )


def _fee(key: str, currency: str, rules: FeeRules) -> Fee:
    nothing = Money.zero(currency) if currency in EXPONENTS else None
    if nothing is None:
        raise at_key(key, f"{currency!r} is not a currency")
    fee = Fee(
        flat=_cap(f"{key}.flat", rules.flat, currency) or nothing,
        basis_points=rules.basis_points or 0,
        least=_cap(f"{key}.least", rules.least, currency) or nothing,
        most=_cap(f"{key}.most", rules.most, currency),
    )
    if fee.most is not None and fee.most < fee.least:
        raise at_key(f"{key}.most", "is below the least")
    return fee


def _cap(key: str, amount: str | None, currency: str) -> Money | None:
    # Also where it has no cap, the currency must be one.
    named = None if amount in {None, UNLIMITED} else amount
    try:
        cap = Money.of(named or "0", currency)
    except MoneyError as error:
        raise at_key(key, str(error)) from None
    if cap.is_negative:
        raise at_key(key, "cannot be below zero")
    return cap if named is not None else None
