"""What operators asked for that waits; what is to be settled is found quickly."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import kept, refused, refused_update, set_up

revision: Final = "0034"
down_revision: Final = "0033"

STAYS: Final = "what an operator asked for stays written"
TERMS: Final = "id kind by via person at due needs_second payment amount currency level"

SQLITE: Final = (
    f"""
    CREATE TRIGGER motion_begins BEFORE INSERT ON motion WHEN new.state <> 'waiting' BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER motion_terms BEFORE UPDATE OF {", ".join(f'"{name}"' for name in TERMS.split())} ON motion
    BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER motion_over BEFORE UPDATE ON motion WHEN old.state <> 'waiting' BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER motion_delete BEFORE DELETE ON motion BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
)
POSTGRESQL: Final = (
    f"""
    CREATE TRIGGER motion_begins BEFORE INSERT ON motion FOR EACH ROW WHEN (new.state <> 'waiting')
    EXECUTE FUNCTION refuse('{STAYS}')
    """,
    refused_update("motion", "motion_terms", f"{kept(TERMS)} OR old.state <> 'waiting'", STAYS),
    refused("motion", "DELETE", STAYS),
    refused("motion", "TRUNCATE", STAYS),
)


def upgrade() -> None:
    op.create_table(
        "motion",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("due", BIG, nullable=False),
        sa.Column("needs_second", BIG, nullable=False),
        sa.Column("payment", TEXT, nullable=True),
        sa.Column("amount", BIG, nullable=True),
        sa.Column("currency", TEXT, nullable=True),
        sa.Column("level", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("ended", BIG, nullable=True),
        sa.Column("ended_by", TEXT, nullable=True),
        sa.Column("why", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "kind IN ('assign', 'raise', 'thaw', 'unfreeze', 'write_off')", name="motion_kind"
        ),
        sa.CheckConstraint(
            "state IN ('done', 'failed', 'lapsed', 'stopped', 'waiting')", name="motion_state"
        ),
        sa.CheckConstraint("via IN ('command_line', 'room')", name="motion_via"),
        sa.CheckConstraint("needs_second IN (0, 1)", name="motion_needs_second"),
        sa.CheckConstraint(
            "(amount IS NULL) = (currency IS NULL) AND (amount IS NULL OR amount > 0)", name="motion_amount"
        ),
        sa.CheckConstraint("(state = 'waiting') = (ended IS NULL)", name="motion_ended"),
        sa.CheckConstraint(
            "state <> 'done' OR needs_second = 0"
            " OR (ended_by IS NOT NULL AND ended_by <> by AND ended < due)",
            name="motion_by_two",
        ),
        sa.CheckConstraint("state <> 'done' OR needs_second = 1 OR ended >= due", name="motion_waited"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("motion_waiting", "motion", ["due"], unique=False, **where("state = 'waiting'"))
    op.create_index("leg_suspended", "leg", ["transfer"], unique=False, **where("state = 'suspended'"))
    op.create_index(
        "account_to_settle",
        "account",
        ["kind", "currency"],
        unique=False,
        **where("kind IN ('receivable', 'suspense')"),
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
