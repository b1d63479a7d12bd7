"""Repeats: payments that come round by themselves, and what was paid for each period, once."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import function, kept, refused, refused_update, set_up

revision: Final = "0029"
down_revision: Final = "0028"

NOBODY: Final = "@erased:erased.invalid"
REPEAT: Final = (
    kept("id payer payee cap currency unit every start day until room created nonce replaces")
    + f" OR new.payer_mxid <> old.payer_mxid AND new.payer_mxid <> '{NOBODY}'"
    + f" OR new.payee_mxid <> old.payee_mxid AND new.payee_mxid <> '{NOBODY}'"
    + " OR new.number < old.number"
    + " OR old.state = 'ended' AND new.state <> 'ended'"
    + " OR old.state <> 'offered' AND new.state = 'offered'"
)
INSTALMENT: Final = kept("id repeat number day")
KEEPS: Final = {
    "repeat": (REPEAT, "a repeat keeps its terms, goes on only, and one that ended stays so"),
    "instalment": (INSTALMENT, "a period has one payment"),
}
LIVE: Final = "state NOT IN ('cancelled', 'expired', 'refused')"
TWICE: Final = "a period is paid once"
STAYS: Final = "repeats and what was paid for them are never deleted"

SQLITE: Final = (
    *(
        f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table}
        WHEN {when.replace("IS DISTINCT FROM", "IS NOT")}
        BEGIN
            SELECT raise(ABORT, '{message}');
        END
        """
        for table, (when, message) in KEEPS.items()
    ),
    f"""
    CREATE TRIGGER instalment_once BEFORE UPDATE OF transfer ON instalment
    WHEN new.transfer <> old.transfer
        AND EXISTS (SELECT 1 FROM transfer WHERE id = old.transfer AND {LIVE})
    BEGIN
        SELECT raise(ABORT, '{TWICE}');
    END
    """,  # noqa: S608 - our own words
    *(
        f"""
        CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} BEGIN
            SELECT raise(ABORT, '{STAYS}');
        END
        """
        for table in KEEPS
    ),
)
POSTGRESQL: Final = (
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(refused(table, deed, STAYS) for table in KEEPS for deed in ("DELETE", "TRUNCATE")),
    function(
        "instalment_once()",
        f"""
        BEGIN
            IF EXISTS (SELECT 1 FROM transfer WHERE id = old.transfer AND {LIVE}) THEN
                RAISE EXCEPTION '{TWICE}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,  # noqa: S608 - our own words
    ),
    """
    CREATE TRIGGER instalment_once AFTER UPDATE ON instalment FOR EACH ROW
    WHEN (new.transfer <> old.transfer) EXECUTE FUNCTION instalment_once()
    """,
    "ALTER FUNCTION forget(text) RENAME TO forget_but_repeats",
    function(
        "forget(gone text)",
        f"""
        BEGIN
            PERFORM forget_but_repeats(gone);
            UPDATE repeat SET payer_mxid = '{NOBODY}', note = NULL WHERE payer = gone;
            UPDATE repeat SET payee_mxid = '{NOBODY}' WHERE payee = gone;
        END
        """,  # noqa: S608 - our own words
        returns="void",
    ),
)


def upgrade() -> None:
    op.create_table(
        "repeat",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("payer", TEXT, nullable=False),
        sa.Column("payer_mxid", TEXT, nullable=False),
        sa.Column("payee", TEXT, nullable=False),
        sa.Column("payee_mxid", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("cap", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("every", BIG, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("until", TEXT, nullable=True),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("act", BIG, nullable=True),
        sa.Column("told", BIG, nullable=True),
        sa.Column("tries", BIG, nullable=False),
        sa.Column("transfer", TEXT, nullable=True),
        sa.Column("ending", TEXT, nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("replaces", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('active', 'ended', 'offered', 'paused')", name="repeat_state"),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="repeat_amount"),
        sa.CheckConstraint("cap BETWEEN amount AND 1000000000000000", name="repeat_cap"),
        sa.CheckConstraint("unit IN ('month', 'week', 'year')", name="repeat_unit"),
        sa.CheckConstraint("every BETWEEN 1 AND 60", name="repeat_every"),
        sa.CheckConstraint("day BETWEEN 0 AND 31", name="repeat_day"),
        sa.CheckConstraint("number >= 0", name="repeat_number"),
        sa.CheckConstraint(
            "ending IN ('asked', 'done', 'failed', 'lapsed', 'replaced')", name="repeat_ending"
        ),
        sa.CheckConstraint("(state = 'ended') <= (act IS NULL AND ending IS NOT NULL)", name="repeat_ended"),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index(
        "repeat_live_of", "repeat", ["payer", "created"], unique=False, **where("state <> 'ended'")
    )
    op.create_index("repeat_to_do", "repeat", ["act"], unique=False, **where("act IS NOT NULL"))
    op.create_index("repeat_under_way", "repeat", ["transfer"], unique=True, **where("transfer IS NOT NULL"))
    op.create_table(
        "instalment",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("repeat", TEXT, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("transfer", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["repeat"], ["repeat.id"]),
        sa.ForeignKeyConstraint(["transfer"], ["transfer.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("repeat", "number"),
        sa.UniqueConstraint("repeat", "day"),
        sa.UniqueConstraint("transfer"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
