"""Passkeys: what a credential is stays, its count only grows; a challenge is answered once."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import kept, refused, refused_update, set_up

revision: Final = "0021"
down_revision: Final = "0020"

STAYS: Final = "a passkey stays what it was"
ONCE: Final = "what was used stays used"
CREDENTIAL: Final = "id person mark credential public_key added"
CHALLENGE: Final = "id person purpose bound expires"
GOES_BACK: Final = (
    "new.sign_count < old.sign_count OR (old.state <> 'active' AND new.state NOT IN (old.state, 'removed'))"
)


def _altered(columns: str) -> str:
    return " OR ".join(f"new.{name} <> old.{name}" for name in columns.split())


SQLITE: Final = (
    f"""
    CREATE TRIGGER passkey_stays BEFORE UPDATE ON passkey
    WHEN {_altered(CREDENTIAL)} OR {GOES_BACK}
    BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER passkey_delete BEFORE DELETE ON passkey BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER ceremony_once BEFORE UPDATE ON ceremony
    WHEN {_altered(CHALLENGE)} OR new.used < old.used
    BEGIN
        SELECT raise(ABORT, '{ONCE}');
    END
    """,
    f"""
    CREATE TRIGGER ceremony_delete BEFORE DELETE ON ceremony BEGIN
        SELECT raise(ABORT, '{ONCE}');
    END
    """,
)
POSTGRESQL: Final = (
    refused_update("passkey", "passkey_stays", f"{kept(CREDENTIAL)} OR {GOES_BACK}", STAYS),
    refused("passkey", "DELETE", STAYS),
    refused("passkey", "TRUNCATE", STAYS),
    refused_update("ceremony", "ceremony_once", f"{kept(CHALLENGE)} OR new.used < old.used", ONCE),
    refused("ceremony", "DELETE", ONCE),
    refused("ceremony", "TRUNCATE", ONCE),
)


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mark", TEXT, nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("added", BIG, nullable=False),
        sa.Column("sign_count", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("last_used", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('active', 'removed', 'suspect')", name="passkey_state"),
        sa.CheckConstraint("sign_count >= 0", name="passkey_sign_count"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mark"),
        sqlite_strict=True,
    )
    op.create_index("passkey_of_person", "passkey", ["person"], unique=False)
    op.create_table(
        "ceremony",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("bound", TEXT, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("used", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("purpose IN ('approve', 'enrol')", name="ceremony_purpose"),
        sa.CheckConstraint("used IN (0, 1)", name="ceremony_used"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
