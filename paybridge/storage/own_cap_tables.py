"""The table of what single people may send in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, ForeignKey, Index, Table

from paybridge.domain.money import Money
from paybridge.domain.own_cap import OwnCap
from paybridge.storage.columns import TEXT, check, id_column, number_column, text_column
from paybridge.storage.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

own_cap: Final = Table(
    "own_cap",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("currency"),
    number_column("day"),
    number_column("version"),
    check("own_cap_day", "day >= 0"),
    Index("own_cap_of_person", "person"),
    sqlite_strict=True,
)


def own_cap_row(cap: OwnCap) -> dict[str, Any]:
    return {
        "id": cap.id,
        "person": cap.person,
        "currency": cap.day.currency,
        "day": cap.day.minor,
        "version": cap.version,
    }


def own_cap_of(row: Mapping[str, Any]) -> OwnCap:
    return OwnCap(row["id"], row["person"], Money(row["day"], row["currency"]), row["version"])
