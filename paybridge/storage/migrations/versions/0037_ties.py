"""Ghosts of bridges that speak for people of Matrix: the codes, and what came of them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import kept, refused_update, set_up

revision: Final = "0037"
down_revision: Final = "0036"

STAYS: Final = "a tie stays what it is, and what is over stays over"
TERMS: Final = kept("id person mxid bridge code created")
CHANGED: Final = f"old.state = 'ended' OR {TERMS} OR old.ghost IS NOT NULL AND ({kept('ghost')})"
SQLITE: Final = (
    f"""
    CREATE TRIGGER tie_terms BEFORE UPDATE ON tie WHEN {CHANGED.replace("IS DISTINCT FROM", "IS NOT")} BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
)
POSTGRESQL: Final = (refused_update("tie", "tie_terms", CHANGED, STAYS),)
HOLDS: Final = "state IN ('stopped', 'tied')"


def upgrade() -> None:
    op.create_table(
        "tie",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("bridge", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("ghost", TEXT, nullable=True),
        sa.Column("room", TEXT, nullable=True),
        sa.Column("seat", sa.LargeBinary(), nullable=True),
        sa.Column("former", TEXT, nullable=True),
        sa.Column("since", BIG, nullable=True),
        sa.Column("low_until", BIG, nullable=True),
        sa.Column("heard", BIG, nullable=True),
        sa.Column("why", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('claimed', 'ended', 'offered', 'stopped', 'tied')", name="tie_state"),
        sa.CheckConstraint("length(code) = 64", name="tie_code_length"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("tie_of_person", "tie", ["person"], unique=False)
    op.create_index("tie_of_former", "tie", ["former"], unique=True, **where("former IS NOT NULL"))
    op.create_index("tie_one_of_a_code", "tie", ["code"], unique=True)
    op.create_index("tie_one_of_a_ghost", "tie", ["ghost"], unique=True, **where(HOLDS))
    op.create_table(
        "guesses",
        sa.Column("ghost", TEXT, nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("wrong > 0", name="guesses_wrong"),
        sa.PrimaryKeyConstraint("ghost"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
