"""One-time links: the hash of each token, whose it is and what for, and whether it was used."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import refused, refused_update, set_up

revision: Final = "0023"
down_revision: Final = "0022"

STAYS: Final = "a one-time link stays used, and the same person has it"
CHANGED: Final = (
    "new.used < old.used OR new.wrong < old.wrong OR new.id <> old.id OR new.person <> old.person"
    " OR new.purpose <> old.purpose OR new.subject <> old.subject OR new.expires <> old.expires"
)
SQLITE: Final = (
    f"""
    CREATE TRIGGER one_time_link_once BEFORE UPDATE ON one_time_link WHEN {CHANGED} BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER one_time_link_delete BEFORE DELETE ON one_time_link BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
)
POSTGRESQL: Final = (
    refused_update("one_time_link", "one_time_link_once", CHANGED, STAYS),
    refused("one_time_link", "DELETE", STAYS),
    refused("one_time_link", "TRUNCATE", STAYS),
)


def upgrade() -> None:
    op.create_table(
        "one_time_link",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("used", BIG, nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("length(id) = 64", name="one_time_link_hash_length"),
        sa.CheckConstraint("used IN (0, 1)", name="one_time_link_used"),
        sa.CheckConstraint("wrong >= 0", name="one_time_link_wrong"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
