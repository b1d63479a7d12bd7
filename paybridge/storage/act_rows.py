"""Between acts of operators and their rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.acts import Act, ActKind, Deal, Via
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Mapping


def act_row(act: Act) -> dict[str, Any]:
    return {
        "number": act.number,
        "at": microseconds(act.at),
        "by": act.by,
        "via": act.via.value,
        "kind": act.kind.value,
        "person": act.deal.person,
        "about": act.deal.order,
        "told": act.deal.told,
        "reason": act.deal.reason,
        "prev_hash": act.prev_hash,
        "hash": act.hash,
        "version": act.version,
    }


def act_of(row: Mapping[str, Any]) -> Act:
    return Act(
        number=row["number"],
        at=moment(row["at"]),
        by=row["by"],
        via=Via(row["via"]),
        kind=ActKind(row["kind"]),
        deal=Deal(row["person"], row["about"], row["told"], row["reason"]),
        prev_hash=row["prev_hash"],
        hash=row["hash"],
        version=row["version"],
    )
