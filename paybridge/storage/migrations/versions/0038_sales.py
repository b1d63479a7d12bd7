"""What shops sell, orders, and a stock that no number of orders at once brings below nothing."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import function, kept, refused, refused_update, set_up

revision: Final = "0038"
down_revision: Final = "0037"

KEEPS: Final = {
    "item": (
        kept("id shop currency created") + " OR old.state = 'gone' AND new.state <> 'gone'",
        "an item keeps its shop and currency, and one that is gone stays so",
    ),
    "sale": (
        kept("id shop buyer paper created")
        + " OR old.state IN ('cancelled', 'refunded') AND new.state <> old.state",
        "an order keeps its terms, and one that ended stays as it ended",
    ),
    "taking": (
        kept("id sale item pieces price")
        + " OR NOT (old.state = 'open' AND new.state = 'taken'"
        + " OR old.state = 'taken' AND new.state = 'back')",
        "what is taken out of the stock keeps its terms",
    ),
}
STAYS: Final = "items and orders are never deleted"
# The version goes on, so that whoever changes the item meanwhile decides again.
TAKE: Final = (
    "UPDATE item SET version = version + 1,"
    " stock = stock + CASE new.state WHEN 'taken' THEN -new.pieces ELSE new.pieces END"
    " WHERE id = new.item AND stock IS NOT NULL"
)

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
    """
    CREATE TRIGGER taking_new BEFORE INSERT ON taking WHEN new.state <> 'open' BEGIN
        SELECT raise(ABORT, 'nothing is taken before it is ordered');
    END
    """,
    f"""
    CREATE TRIGGER taking_takes AFTER UPDATE OF state ON taking WHEN new.state <> old.state BEGIN
        {TAKE};
    END
    """,
)
POSTGRESQL: Final = (
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(refused(table, deed, STAYS) for table in KEEPS for deed in ("DELETE", "TRUNCATE")),
    """
    CREATE TRIGGER taking_new BEFORE INSERT ON taking FOR EACH ROW
    WHEN (new.state <> 'open') EXECUTE FUNCTION refuse('nothing is taken before it is ordered')
    """,
    function(
        "taking_takes()",
        f"""
        BEGIN
            {TAKE};
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER taking_takes AFTER UPDATE ON taking FOR EACH ROW
    WHEN (new.state <> old.state) EXECUTE FUNCTION taking_takes()
    """,
)


def upgrade() -> None:
    op.create_table(
        "item",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("price", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("rate", BIG, nullable=False),
        sa.Column("stock", BIG, nullable=True),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('gone', 'offered')", name="item_state"),
        sa.CheckConstraint("price BETWEEN 1 AND 1000000000000000", name="item_price"),
        sa.CheckConstraint("rate BETWEEN 0 AND 9999", name="item_rate"),
        sa.CheckConstraint("stock >= 0", name="item_stock"),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("item_offered_by", "item", ["shop", "created"], **where("state = 'offered'"))
    op.create_table(
        "sale",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("buyer", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("paper", sa.LargeBinary(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "state IN ('cancelled', 'completed', 'pending', 'processing', 'ready', 'refunded')",
            name="sale_state",
        ),
        sa.ForeignKeyConstraint(["id"], ["transfer.id"]),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    to_do = where("state IN ('processing', 'ready')")
    op.create_index("sale_to_do_of", "sale", ["shop", "created"], **to_do)
    op.create_index("sale_to_come_to", "sale", ["buyer", "created"], **to_do)
    op.create_table(
        "taking",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sale", TEXT, nullable=False),
        sa.Column("item", TEXT, nullable=False),
        sa.Column("pieces", BIG, nullable=False),
        sa.Column("price", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("pieces BETWEEN 1 AND 1000", name="taking_pieces"),
        sa.CheckConstraint("price BETWEEN 1 AND 1000000000000000", name="taking_price"),
        sa.CheckConstraint("state IN ('back', 'open', 'taken')", name="taking_state"),
        sa.ForeignKeyConstraint(["item"], ["item.id"]),
        sa.ForeignKeyConstraint(["sale"], ["sale.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sale", "item"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
