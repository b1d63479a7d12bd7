"""Second factors: a secret, the steps that were used, wrong codes; and recovery codes as hashes."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import refused, refused_update, set_up

revision: Final = "0011"
down_revision: Final = "0010"

STAYS_USED: Final = "what was used stays used"
SQLITE: Final = (
    f"""
    CREATE TRIGGER factor_steps BEFORE UPDATE ON factor
    WHEN new.last_step < old.last_step AND new.secret = old.secret
    BEGIN
        SELECT raise(ABORT, '{STAYS_USED}');
    END
    """,
    f"""
    CREATE TRIGGER recovery_code_once BEFORE UPDATE ON recovery_code
    WHEN new.used < old.used OR new.hash <> old.hash OR new.person <> old.person
    BEGIN
        SELECT raise(ABORT, '{STAYS_USED}');
    END
    """,
    f"""
    CREATE TRIGGER recovery_code_delete BEFORE DELETE ON recovery_code BEGIN
        SELECT raise(ABORT, '{STAYS_USED}');
    END
    """,
)
POSTGRESQL: Final = (
    refused_update(
        "factor", "factor_steps", "new.last_step < old.last_step AND new.secret = old.secret", STAYS_USED
    ),
    refused_update(
        "recovery_code",
        "recovery_code_once",
        "new.used < old.used OR new.hash <> old.hash OR new.person <> old.person",
        STAYS_USED,
    ),
    refused("recovery_code", "DELETE", STAYS_USED),
    refused("recovery_code", "TRUNCATE", STAYS_USED),
)


def upgrade() -> None:
    op.create_table(
        "factor",
        sa.Column("person", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("last_step", BIG, nullable=False),
        sa.Column("wrong", BIG, nullable=False),
        sa.Column("locked_until", BIG, nullable=True),
        sa.Column("reset_at", BIG, nullable=True),
        sa.Column("light_count", BIG, nullable=False),
        sa.Column("light_sum", BIG, nullable=False),
        sa.Column("devices", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('active', 'off', 'pending')", name="factor_state"),
        sa.CheckConstraint("wrong >= 0 AND light_count >= 0 AND light_sum >= 0", name="factor_counts"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("person"),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("used", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("used IN (0, 1)", name="recovery_code_used"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("recovery_code_of_person", "recovery_code", ["person"], unique=False)
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
