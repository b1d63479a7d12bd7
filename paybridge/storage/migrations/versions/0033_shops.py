"""Shops, and their invoices with numbers that leave no gap."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import function, kept, refused, refused_update, set_up

revision: Final = "0033"
down_revision: Final = "0032"

NOBODY: Final = "@erased:erased.invalid"
KEEPS: Final = {
    "shop": (
        kept("id owner created")
        + f" OR new.owner_mxid <> old.owner_mxid AND new.owner_mxid <> '{NOBODY}'"
        + " OR old.state = 'closed' AND new.state <> 'closed'",
        "a shop keeps its owner, and one that closed stays so",
    ),
    "series": (
        kept("id shop year") + " OR new.last <> old.last + 1",
        "numbers of invoices go on one by one",
    ),
    "invoice": (
        kept("id shop year number paper tips parts"),
        "an invoice keeps its terms",
    ),
}
STAYS: Final = "shops, numbers and invoices are never deleted"

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
    "ALTER FUNCTION forget(text) RENAME TO forget_but_shops",
    function(
        "forget(gone text)",
        f"""
        BEGIN
            PERFORM forget_but_shops(gone);
            UPDATE shop SET owner_mxid = '{NOBODY}' WHERE owner = gone;
        END
        """,  # noqa: S608 - our own words
        returns="void",
    ),
)


def upgrade() -> None:
    op.create_table(
        "shop",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("owner_mxid", TEXT, nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name="shop_state"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("shop_open_of", "shop", ["owner"], unique=True, **where("state = 'open'"))
    op.create_table(
        "series",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("year", BIG, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("last >= 1", name="series_last"),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shop", "year"),
        sqlite_strict=True,
    )
    op.create_table(
        "invoice",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("year", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("paper", sa.LargeBinary(), nullable=False),
        sa.Column("tips", BIG, nullable=False),
        sa.Column("parts", BIG, nullable=False),
        sa.Column("tip", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("number >= 1", name="invoice_number"),
        sa.CheckConstraint("tips IN (0, 1)", name="invoice_tips"),
        sa.CheckConstraint("parts IN (0, 1)", name="invoice_parts"),
        sa.CheckConstraint(
            "tip BETWEEN 0 AND 1000000000000000 AND (tip = 0 OR tips = 1)", name="invoice_tip"
        ),
        sa.ForeignKeyConstraint(["id"], ["request.id"]),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shop", "year", "number"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
