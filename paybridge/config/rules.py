"""The rules of a region as a file of `paybridge/regions` or an operator writes them."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from paybridge.config.sections import Amount, Section
from paybridge.domain.windows import UnknownZoneError, zone_named

UNLIMITED: Final = "unlimited"

Covered = Literal["pay", "topup", "cashout"]


def _zone(text: object) -> object:
    try:
        zone_named(str(text))
    except UnknownZoneError:
        raise ValueError("must be a time zone such as Europe/Berlin") from None
    return text


def _clock(text: object) -> object:
    # YAML reads 20:00 without quotes as a number of minutes.
    if not isinstance(text, str):
        raise ValueError('must be a time of day in quotes, as in "20:00"')  # noqa: TRY004  one line for the operator, through pydantic
    try:
        time.fromisoformat(text)
    except ValueError:
        raise ValueError('must be a time of day in quotes, as in "20:00"') from None
    return text


Clock = Annotated[str, BeforeValidator(_clock)]
Zone = Annotated[str, BeforeValidator(_zone)]


class CapRules(Section):
    """The most in one currency. A cap that nobody names does not exist; `unlimited` takes one away."""

    each: Amount | None = None
    day: Amount | None = None
    month: Amount | None = None
    night: Amount | None = None
    count: Annotated[int, Field(ge=0)] | Literal["unlimited"] | None = None


class LimitRules(Section):
    """What one may send, by how well one is known: per payment, local day, month and night."""

    unchecked: dict[str, CapRules] = Field(
        default_factory=dict,
        description='Caps by currency: {EUR: {each: "9", day: "9", month: "9", night: "9", count: 9}}; '
        "count is payments a day. What is left out stays as the region has it, `unlimited` takes a cap "
        "away, and a currency that stands nowhere cannot be sent.",
    )
    named: dict[str, CapRules] = Field(
        default_factory=dict, description="The same for people whose name a rail has confirmed."
    )
    checked: dict[str, CapRules] = Field(
        default_factory=dict, description="The same for people whose document was checked."
    )


class FeeRules(Section):
    """What the house takes for a payment in one currency: flat and a share, between least and most."""

    flat: Amount | None = None
    basis_points: Annotated[int, Field(ge=0, le=10_000)] | None = None
    least: Amount | None = None
    most: Amount | None = None


class NightRules(Section):
    """When it is night, by the person's own clock."""

    begins: Clock | None = Field(None, description='Time of day in quotes, as in "20:00".')
    ends: Clock | None = Field(None, description='Time of day in quotes, as in "06:00".')


class Rules(Section):
    """Rules of the region that you change; what is left out stays as the region has it (docs/regions.md)."""

    zone: Zone | None = Field(
        None, description="Time zone (IANA) of people who have not chosen one, such as Europe/Berlin."
    )
    requests: bool | None = Field(None, description="Whether people may ask each other for money.")
    covers: tuple[Covered, ...] | None = Field(
        None, description="What counts against the limits: pay, topup, cashout."
    )
    terms: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(
        None, description="The version of the terms that people agree to."
    )
    retention_years: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="How many years the books are kept, at the least."
    )
    night: NightRules = Field(default_factory=NightRules)
    limits: LimitRules = Field(default_factory=LimitRules)
    fees: dict[str, FeeRules] = Field(
        default_factory=dict,
        description='What the house takes for a payment, by currency: {EUR: {flat: "0.10", basis_points: 50, '
        'least: "0.20", most: "5"}}; 50 basis points are half a percent.',
    )


class Profile(Rules):
    """What a file of `paybridge/regions` says: everything, and the region's own currency."""

    currency: str
