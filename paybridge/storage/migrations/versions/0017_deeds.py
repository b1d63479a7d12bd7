"""What operators decide about people, kept for ever; factors whose reset waits are found quickly."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import kept, refused, refused_update, set_up

revision: Final = "0017"
down_revision: Final = "0016"

STAYS: Final = "what an operator decided stays written"
TERMS: Final = "id kind person at"

SQLITE: Final = (
    f"""
    CREATE TRIGGER deed_terms BEFORE UPDATE OF {", ".join(TERMS.split())} ON deed BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER deed_done BEFORE UPDATE ON deed WHEN old.done IS NOT NULL BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER deed_delete BEFORE DELETE ON deed BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
)
POSTGRESQL: Final = (
    refused_update("deed", "deed_terms", f"{kept(TERMS)} OR old.done IS NOT NULL", STAYS),
    refused("deed", "DELETE", STAYS),
    refused("deed", "TRUNCATE", STAYS),
)


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("done", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("kind IN ('keep_factor', 'reset_factor', 'unfreeze')", name="deed_kind"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("deed_open", "deed", ["at"], unique=False, **where("done IS NULL"))
    op.create_index("factor_reset", "factor", ["reset_at"], unique=False, **where("reset_at IS NOT NULL"))
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
