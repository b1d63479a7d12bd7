"""When a transfer was approved, and what the region's rules depend on of each person."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, number_column
from paybridge.storage.guards import refused_update, set_up

revision: Final = "0019"
down_revision: Final = "0018"

ONLY_MORE: Final = "approvals are only added to"
SQLITE: Final = (
    f"""
    CREATE TRIGGER standing_approvals BEFORE UPDATE ON standing WHEN new.approvals < old.approvals
    BEGIN
        SELECT raise(ABORT, '{ONLY_MORE}');
    END
    """,
)
POSTGRESQL: Final = (
    refused_update("standing", "standing_approvals", "new.approvals < old.approvals", ONLY_MORE),
)


def upgrade() -> None:
    op.add_column("transfer", number_column("approved", null=True))
    op.create_table(
        "standing",
        sa.Column("person", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("zone", TEXT, nullable=True),
        sa.Column("next_zone", TEXT, nullable=True),
        sa.Column("next_from", BIG, nullable=True),
        sa.Column("terms", TEXT, nullable=True),
        sa.Column("agreed", BIG, nullable=True),
        sa.Column("approvals", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("level IN ('checked', 'named', 'unchecked')", name="standing_level"),
        sa.CheckConstraint("(next_zone IS NULL) = (next_from IS NULL)", name="standing_next_zone"),
        sa.CheckConstraint("(terms IS NULL) = (agreed IS NULL)", name="standing_terms"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("person"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
