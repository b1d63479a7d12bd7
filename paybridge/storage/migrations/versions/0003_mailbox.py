"""Inbox, outbox, and what the Matrix side and the vault keep."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

BIG: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GUARDS: Final = (
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


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("number", BIG, autoincrement=True, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("received", BIG, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.CheckConstraint("done = 0 OR (done = 1 AND length(payload) = 0)", name="letter_blanked_when_done"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("event"),
        sqlite_strict=True,
    )
    op.create_index("letter_waiting", "letter", ["number"], unique=False, sqlite_where=sa.text("done = 0"))
    op.create_table(
        "post",
        sa.Column("number", BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state <> 'sent' OR (length(payload) = 0 AND event IS NOT NULL)", name="post_blanked_when_sent"
        ),
        sa.CheckConstraint("state IN ('aside', 'sent', 'waiting')", name="post_state"),
        sa.CheckConstraint("(room IS NULL) <> (person IS NULL)", name="post_one_place"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index(
        "post_waiting", "post", ["number"], unique=False, sqlite_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "slot",
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slot"),
        sqlite_strict=True,
    )
    op.create_table(
        "memory",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "seen",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
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
    for guard in GUARDS:
        op.execute(guard)
