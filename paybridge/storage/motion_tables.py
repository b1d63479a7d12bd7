"""The table of what operators asked for that waits."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from paybridge.domain.acts import Via
from paybridge.domain.motions import MotionKind, MotionState
from paybridge.storage.columns import check, id_column, in_list, number_column, text_column, where
from paybridge.storage.tables import metadata

IS_WAITING: Final = "state = 'waiting'"

motion: Final = Table(
    "motion",
    metadata,
    id_column(),
    text_column("kind"),
    text_column("by"),
    text_column("via"),
    # No foreign key: what an operator asked for stays written when the person has themselves erased.
    text_column("person"),
    number_column("at"),
    number_column("due"),
    number_column("needs_second"),
    text_column("payment", null=True),
    number_column("amount", null=True),
    text_column("currency", null=True),
    text_column("level", null=True),
    text_column("state"),
    number_column("ended", null=True),
    text_column("ended_by", null=True),
    text_column("why", null=True),
    number_column("version"),
    check("motion_kind", in_list("kind", MotionKind)),
    check("motion_state", in_list("state", MotionState)),
    check("motion_via", in_list("via", Via)),
    check("motion_needs_second", "needs_second IN (0, 1)"),
    check("motion_amount", "(amount IS NULL) = (currency IS NULL) AND (amount IS NULL OR amount > 0)"),
    check("motion_ended", f"({IS_WAITING}) = (ended IS NULL)"),
    # Whatever the program decides, nobody approves of what they asked for, and nothing is done early.
    check(
        "motion_by_two",
        "state <> 'done' OR needs_second = 0 OR (ended_by IS NOT NULL AND ended_by <> by AND ended < due)",
    ),
    check("motion_waited", "state <> 'done' OR needs_second = 1 OR ended >= due"),
    Index("motion_waiting", "due", **where(IS_WAITING)),
    sqlite_strict=True,
)
