"""Inbox, outbox, and what the Matrix side and the vault keep."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import refused, refused_update, set_up

revision: Final = "0003"
down_revision: Final = "0002"

SQLITE: Final = (
    """
    CREATE TRIGGER letter_update BEFORE UPDATE ON letter WHEN old.done = 1 BEGIN
        SELECT raise(ABORT, 'a letter is answered once');
    END
    """,
    """
    CREATE TRIGGER letter_delete BEFORE DELETE ON letter BEGIN
        SELECT raise(ABORT, 'letters are never deleted');
    END
    """,
    """
    CREATE TRIGGER post_update BEFORE UPDATE ON post WHEN old.state = 'sent' BEGIN
        SELECT raise(ABORT, 'a post is sent once');
    END
    """,
    """
    CREATE TRIGGER post_delete BEFORE DELETE ON post BEGIN
        SELECT raise(ABORT, 'posts are never deleted');
    END
    """,
    """
    CREATE TRIGGER seen_update BEFORE UPDATE ON seen BEGIN
        SELECT raise(ABORT, 'what was seen stays as it was seen');
    END
    """,
    """
    CREATE TRIGGER seen_delete BEFORE DELETE ON seen BEGIN
        SELECT raise(ABORT, 'what was seen stays as it was seen');
    END
    """,
)


POSTGRESQL: Final = (
    refused_update("letter", "letter_update", "old.done = 1", "a letter is answered once"),
    refused("letter", "DELETE", "letters are never deleted"),
    refused("letter", "TRUNCATE", "letters are never deleted"),
    refused_update("post", "post_update", "old.state = 'sent'", "a post is sent once"),
    refused("post", "DELETE", "posts are never deleted"),
    refused("post", "TRUNCATE", "posts are never deleted"),
    refused("seen", "UPDATE", "what was seen stays as it was seen"),
    refused("seen", "DELETE", "what was seen stays as it was seen"),
    refused("seen", "TRUNCATE", "what was seen stays as it was seen"),
)


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("number", BIG, autoincrement=True, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("sender", TEXT, nullable=False),
        sa.Column("received", BIG, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.CheckConstraint("done = 0 OR (done = 1 AND length(payload) = 0)", name="letter_blanked_when_done"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("event"),
        sqlite_strict=True,
    )
    op.create_index("letter_waiting", "letter", ["number"], unique=False, **where("done = 0"))
    op.create_table(
        "post",
        sa.Column("number", BIG, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("slot", TEXT, nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.CheckConstraint(
            "state <> 'sent' OR (length(payload) = 0 AND event IS NOT NULL)", name="post_blanked_when_sent"
        ),
        sa.CheckConstraint("state IN ('aside', 'sent', 'waiting')", name="post_state"),
        sa.CheckConstraint("(room IS NULL) <> (person IS NULL)", name="post_one_place"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("post_waiting", "post", ["number"], unique=False, **where("state = 'waiting'"))
    op.create_table(
        "slot",
        sa.Column("slot", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("slot"),
        sqlite_strict=True,
    )
    op.create_table(
        "memory",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "seen",
        sa.Column("what", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("what"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vault_check",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name="vault_check_one"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
