"""Orders that are numbered as invoices are, shipped, and given back line by line."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import (
    add_check,
    drop_check,
    drop_functions,
    function,
    kept,
    refused,
    refused_update,
    replace_check,
    set_up,
)

revision: Final = "0041"
down_revision: Final = "0040"

MOVES: Final = (
    ("pending", "processing cancelled"),
    ("processing", "ready shipped completed cancelled refunded"),
    ("ready", "shipped completed cancelled refunded"),
    ("shipped", "completed refunded"),
    ("completed", "refunded"),
)
MOVED: Final = " OR ".join(
    f"old.state = '{before}' AND new.state IN ({', '.join(repr(state) for state in after.split())})"
    for before, after in MOVES
)
KEEPS: Final = {
    "sale": (
        kept("id shop buyer paper created")
        + f" OR new.state <> old.state AND NOT ({MOVED})"
        + " OR old.number IS NOT NULL AND "
        + f"({kept('number year paid')})"
        + " OR old.state = 'pending' AND new.state = 'processing' AND new.year IS NULL",
        "an order keeps its terms and number, and goes on as orders do",
    ),
    "taking": (
        kept("id sale item pieces price")
        + " OR NOT (old.state = 'open' AND new.state = 'taken' AND new.refunded = 0"
        + " OR old.state = 'taken' AND new.state = 'back' AND new.refunded = 0"
        + " OR old.state = 'taken' AND new.state = 'taken' AND new.restocked >= old.restocked"
        + " AND new.refunded - old.refunded >= new.restocked - old.restocked)",
        "what is taken out of the stock keeps its terms",
    ),
    "sale_refund": (kept("id sale actor restocks cancels"), "what is given back stays as it was asked for"),
    "refund_line": (kept("id refund taking pieces"), "what is given back stays as it was asked for"),
}
STAYS: Final = "refunds of orders are never deleted"
OWED: Final = (
    "new.state <> old.state"
    " AND (new.state = 'refunded' OR new.state = 'cancelled' AND old.state <> 'pending')"
)
PAID: Final = "new.state = 'processing' AND old.state = 'pending'"
ALL_BACK: Final = "(SELECT amount - refunded FROM transfer WHERE id = new.id) = 0"
OVER: Final = "an order is over once all of it is given back"
COUNT: Final = (
    "INSERT INTO series (id, shop, year, last, version)"
    " VALUES (new.shop || '/' || new.year, new.shop, new.year, 1, 1)"
    " ON CONFLICT (id) DO UPDATE SET last = series.last + 1, version = series.version + 1"
)
NUMBER: Final = (
    "UPDATE sale SET number = (SELECT last FROM series WHERE id = new.shop || '/' || new.year)"
    " WHERE id = new.id"
)
# The version goes on, so that whoever changes the item meanwhile decides again.
RESTOCK: Final = (
    "UPDATE item SET version = version + 1, stock = stock + new.restocked - old.restocked"
    " WHERE id = new.item AND stock IS NOT NULL"
)

SQLITE: Final = (
    "DROP TRIGGER sale_kept",
    "DROP TRIGGER taking_kept",
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
        for table in ("sale_refund", "refund_line")
    ),
    f"""
    CREATE TRIGGER sale_owed AFTER UPDATE OF state ON sale WHEN {OWED} AND NOT {ALL_BACK} BEGIN
        SELECT raise(ABORT, '{OVER}');
    END
    """,
    f"""
    CREATE TRIGGER sale_paid AFTER UPDATE OF state ON sale WHEN {PAID} BEGIN
        {COUNT};
        {NUMBER};
    END
    """,
    f"""
    CREATE TRIGGER taking_restocks AFTER UPDATE OF restocked ON taking
    WHEN new.restocked <> old.restocked BEGIN
        {RESTOCK};
    END
    """,
)
POSTGRESQL: Final = (
    "DROP TRIGGER sale_kept ON sale",
    "DROP TRIGGER taking_kept ON taking",
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(
        refused(table, deed, STAYS)
        for table in ("sale_refund", "refund_line")
        for deed in ("DELETE", "TRUNCATE")
    ),
    function(
        "sale_owed()",
        f"""
        BEGIN
            IF NOT {ALL_BACK} THEN
                RAISE EXCEPTION '{OVER}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,
    ),
    f"CREATE TRIGGER sale_owed AFTER UPDATE ON sale FOR EACH ROW WHEN ({OWED}) EXECUTE FUNCTION sale_owed()",
    function(
        "sale_paid()",
        f"""
        BEGIN
            {COUNT};
            {NUMBER};
            RETURN NULL;
        END
        """,
    ),
    f"CREATE TRIGGER sale_paid AFTER UPDATE ON sale FOR EACH ROW WHEN ({PAID}) EXECUTE FUNCTION sale_paid()",
    function(
        "taking_restocks()",
        f"""
        BEGIN
            {RESTOCK};
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER taking_restocks AFTER UPDATE ON taking FOR EACH ROW
    WHEN (new.restocked <> old.restocked) EXECUTE FUNCTION taking_restocks()
    """,
)


def upgrade() -> None:
    replace_check(
        "sale",
        "sale_state",
        "state IN ('cancelled', 'completed', 'pending', 'processing', 'ready', 'refunded', 'shipped')",
    )
    for name in ("paid", "year", "number"):
        op.add_column("sale", sa.Column(name, BIG, nullable=True))
    add_check("sale", "sale_numbered", "number >= 1 AND year IS NOT NULL OR number IS NULL")
    for name in ("refunded", "restocked"):
        op.add_column("taking", sa.Column(name, BIG, server_default="0", nullable=False))
    add_check("taking", "taking_refunded", "refunded BETWEEN 0 AND pieces")
    add_check("taking", "taking_restocked", "restocked BETWEEN 0 AND refunded")
    op.create_index(
        "sale_numbered_in", "sale", ["shop", "number", "year"], unique=True, **where("number IS NOT NULL")
    )
    op.drop_index("sale_to_do_of", "sale")
    op.drop_index("sale_to_come_to", "sale")
    to_do = where("state IN ('processing', 'ready', 'shipped')")
    op.create_index("sale_to_do_of", "sale", ["shop", "created"], **to_do)
    op.create_index("sale_to_come_to", "sale", ["buyer", "created"], **to_do)
    op.create_table(
        "sale_refund",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sale", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("restocks", BIG, nullable=False),
        sa.Column("cancels", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("restocks IN (0, 1)", name="sale_refund_restocks"),
        sa.CheckConstraint("cancels IN (0, 1)", name="sale_refund_cancels"),
        sa.ForeignKeyConstraint(["id"], ["transfer.id"]),
        sa.ForeignKeyConstraint(["sale"], ["sale.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("sale_refund_by", "sale_refund", ["actor"], unique=False)
    op.create_table(
        "refund_line",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("refund", TEXT, nullable=False),
        sa.Column("taking", TEXT, nullable=False),
        sa.Column("pieces", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("pieces BETWEEN 1 AND 1000", name="refund_line_pieces"),
        sa.ForeignKeyConstraint(["refund"], ["sale_refund.id"]),
        sa.ForeignKeyConstraint(["taking"], ["taking.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("refund", "taking"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)


BEFORE: Final = {
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
"""The guards of the migration before."""


def downgrade() -> None:
    triggers = {
        "sale": ("sale_kept", "sale_owed", "sale_paid"),
        "taking": ("taking_kept", "taking_restocks"),
    }
    set_up(
        sqlite=[f"DROP TRIGGER {name}" for names in triggers.values() for name in names],
        postgresql=[f"DROP TRIGGER {name} ON {table}" for table, names in triggers.items() for name in names],
    )
    drop_functions("sale_owed()", "sale_paid()", "taking_restocks()")
    op.drop_table("refund_line")
    op.drop_table("sale_refund")
    for index in ("sale_to_come_to", "sale_to_do_of", "sale_numbered_in"):
        op.drop_index(index, "sale")
    for table, checks, columns in (
        ("taking", ("taking_restocked", "taking_refunded"), ("restocked", "refunded")),
        ("sale", ("sale_numbered",), ("number", "year", "paid")),
    ):
        for name in checks:
            drop_check(table, name)
        for name in columns:
            op.drop_column(table, name)
    replace_check(
        "sale",
        "sale_state",
        "state IN ('cancelled', 'completed', 'pending', 'processing', 'ready', 'refunded')",
    )
    to_do = where("state IN ('processing', 'ready')")
    op.create_index("sale_to_do_of", "sale", ["shop", "created"], **to_do)
    op.create_index("sale_to_come_to", "sale", ["buyer", "created"], **to_do)
    set_up(
        sqlite=[
            f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table}
        WHEN {when.replace("IS DISTINCT FROM", "IS NOT")}
        BEGIN
            SELECT raise(ABORT, '{message}');
        END
        """
            for table, (when, message) in BEFORE.items()
        ],
        postgresql=[
            refused_update(table, f"{table}_kept", when, message) for table, (when, message) in BEFORE.items()
        ],
    )
