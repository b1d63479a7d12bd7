"""Between standings and their rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.region import Level
from paybridge.domain.standing import Standing
from paybridge.storage.moments import microseconds_or_none, moment_or_none

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def standing_row(standing: Standing) -> dict[str, Any]:
    return {
        "person": standing.person,
        "level": standing.level.value,
        "zone": standing.zone,
        "next_zone": standing.next_zone,
        "next_from": microseconds_or_none(standing.next_from),
        "terms": standing.terms,
        "agreed": microseconds_or_none(standing.agreed),
        "approvals": standing.approvals,
        "version": standing.version,
    }


def standing_of(row: Row) -> Standing:
    return Standing(
        person=row["person"],
        level=Level(row["level"]),
        zone=row["zone"],
        next_zone=row["next_zone"],
        next_from=moment_or_none(row["next_from"]),
        terms=row["terms"],
        agreed=moment_or_none(row["agreed"]),
        approvals=row["approvals"],
        version=row["version"],
    )
