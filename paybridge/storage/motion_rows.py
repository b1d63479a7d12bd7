"""Between what operators asked for and its rows, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.acts import Via
from paybridge.domain.money import Money
from paybridge.domain.motions import Motion, MotionKind, MotionState
from paybridge.storage.moments import microseconds, microseconds_or_none, moment, moment_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping


def motion_row(motion: Motion) -> dict[str, Any]:
    amount = motion.amount
    return {
        "id": motion.id,
        "kind": motion.kind.value,
        "by": motion.by,
        "via": motion.via.value,
        "person": motion.person,
        "at": microseconds(motion.at),
        "due": microseconds(motion.due),
        "needs_second": int(motion.needs_second),
        "payment": motion.payment,
        "amount": None if amount is None else amount.minor,
        "currency": None if amount is None else amount.currency,
        "level": motion.level,
        "state": motion.state.value,
        "ended": microseconds_or_none(motion.ended),
        "ended_by": motion.ended_by,
        "why": motion.why,
        "version": motion.version,
    }


def motion_of(row: Mapping[str, Any]) -> Motion:
    return Motion(
        id=row["id"],
        kind=MotionKind(row["kind"]),
        by=row["by"],
        via=Via(row["via"]),
        person=row["person"],
        at=moment(row["at"]),
        due=moment(row["due"]),
        needs_second=bool(row["needs_second"]),
        payment=row["payment"],
        amount=None if row["amount"] is None else Money(row["amount"], row["currency"]),
        level=row["level"],
        state=MotionState(row["state"]),
        ended=moment_or_none(row["ended"]),
        ended_by=row["ended_by"],
        why=row["why"],
        version=row["version"],
    )
