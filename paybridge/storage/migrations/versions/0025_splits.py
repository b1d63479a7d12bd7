"""Splits: what one person paid for several, and each one's share of it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import function, kept, refused, refused_update, set_up

revision: Final = "0025"
down_revision: Final = "0024"

NOBODY: Final = "@erased:erased.invalid"
SPLIT: Final = (
    kept("id payer currency room created")
    + f" OR new.payer_mxid <> old.payer_mxid AND new.payer_mxid <> '{NOBODY}'"
    + f" OR old.state <> 'open' AND ({kept('state amount reminded')})"
)
SHARE: Final = (
    kept("id split person how weight currency")
    + f" OR new.mxid <> old.mxid AND new.mxid <> '{NOBODY}'"
    + " OR new.state <> old.state AND old.state <> 'asked'"
)
KEEPS: Final = {
    "split": (SPLIT, "a split keeps its terms, and one that ended stays as it ended"),
    "share": (SHARE, "a share keeps its terms, and one that was dealt with stays so"),
}
STAYS: Final = "splits and shares are never deleted"

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
    "ALTER FUNCTION forget(text) RENAME TO forget_person",
    function(
        "forget(gone text)",
        f"""
        BEGIN
            PERFORM forget_person(gone);
            UPDATE split SET payer_mxid = '{NOBODY}', note = NULL WHERE payer = gone;
            UPDATE share SET mxid = '{NOBODY}' WHERE person = gone;
        END
        """,  # noqa: S608 - our own words
        returns="void",
    ),
)


def upgrade() -> None:
    op.create_table(
        "split",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("payer", TEXT, nullable=False),
        sa.Column("payer_mxid", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("reminded", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open', 'settled')", name="split_state"),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="split_amount"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("split_open_of", "split", ["payer", "created"], unique=False, **where("state = 'open'"))
    op.create_table(
        "share",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("split", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("how", TEXT, nullable=False),
        sa.Column("weight", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("odd", BIG, nullable=False),
        sa.Column("request", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("how IN ('exact', 'parts', 'percent')", name="share_how"),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000000000000000", name="share_weight"),
        sa.CheckConstraint("state IN ('asked', 'cash', 'left_out', 'own')", name="share_state"),
        sa.CheckConstraint(
            "amount BETWEEN 0 AND 1000000000000000 AND (amount > 0 OR state IN ('left_out', 'own'))",
            name="share_amount",
        ),
        sa.CheckConstraint("odd IN (0, 1)", name="share_odd"),
        sa.CheckConstraint("(state = 'asked') <= (request IS NOT NULL)", name="share_asked"),
        sa.ForeignKeyConstraint(["request"], ["request.id"]),
        sa.ForeignKeyConstraint(["split"], ["split.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("split", "person"),
        sa.UniqueConstraint("request"),
        sqlite_strict=True,
    )
    op.create_index("share_own", "share", ["split"], unique=True, **where("state = 'own'"))
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
