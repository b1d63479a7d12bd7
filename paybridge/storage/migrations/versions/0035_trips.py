"""Trips: what several people paid for each other; and the splits by which one is settled."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import add_foreign_key, function, kept, refused, refused_update, set_up

revision: Final = "0035"
down_revision: Final = "0034"

NOBODY: Final = "@erased:erased.invalid"
TRIP: Final = (
    kept("id opener currency room created")
    + " OR new.expenses < old.expenses"
    + f" OR old.state <> 'open' AND ({kept('state expenses')})"
)
TRAVELLER: Final = kept("id trip person") + f" OR new.mxid <> old.mxid AND new.mxid <> '{NOBODY}'"
EXPENSE: Final = (
    kept("id trip number writer amount currency spent spent_currency rate created")
    + " OR new.state <> old.state AND old.state <> 'counted'"
)
PART: Final = kept("id expense person paid owed currency odd")
SPLIT: Final = (
    kept("id payer currency room created trip")
    + f" OR new.payer_mxid <> old.payer_mxid AND new.payer_mxid <> '{NOBODY}'"
    + f" OR old.state <> 'open' AND ({kept('state amount reminded')})"
)
OURS: Final = {
    "trip": (TRIP, "a trip keeps its terms, and one that ended stays as it ended"),
    "traveller": (TRAVELLER, "who is in a trip stays in it"),
    "expense": (EXPENSE, "an expense keeps its terms, and one that was removed stays so"),
    "expense_part": (PART, "a part of an expense stays what it is"),
}
KEEPS: Final = {**OURS, "split": (SPLIT, "a split keeps its terms, and one that ended stays as it ended")}
STAYS: Final = "trips and their expenses are never deleted"

SQLITE: Final = (
    "DROP TRIGGER split_kept",
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
        for table in OURS
    ),
)
POSTGRESQL: Final = (
    "DROP TRIGGER split_kept ON split",
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(refused(table, deed, STAYS) for table in OURS for deed in ("DELETE", "TRUNCATE")),
    "ALTER FUNCTION forget(text) RENAME TO forget_but_trips",
    function(
        "forget(gone text)",
        f"""
        BEGIN
            PERFORM forget_but_trips(gone);
            UPDATE trip SET name = NULL WHERE opener = gone;
            UPDATE traveller SET mxid = '{NOBODY}' WHERE person = gone;
            UPDATE expense SET note = NULL WHERE writer = gone;
        END
        """,  # noqa: S608 - our own words
        returns="void",
    ),
)


def upgrade() -> None:
    op.create_table(
        "trip",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("opener", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expenses", BIG, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open', 'settled')", name="trip_state"),
        sa.CheckConstraint("expenses >= 0", name="trip_expenses"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("trip_open_in", "trip", ["room"], unique=True, **where("state = 'open'"))
    op.create_table(
        "traveller",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("trip", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["trip"], ["trip.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("trip", "person"),
        sqlite_strict=True,
    )
    op.create_table(
        "expense",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("trip", TEXT, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("writer", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("spent", BIG, nullable=False),
        sa.Column("spent_currency", TEXT, nullable=False),
        sa.Column("rate", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "amount BETWEEN 1 AND 1000000000000000 AND spent BETWEEN 1 AND 1000000000000000",
            name="expense_amount",
        ),
        sa.CheckConstraint("(rate IS NULL) = (currency = spent_currency)", name="expense_rate"),
        sa.CheckConstraint("currency <> spent_currency OR amount = spent", name="expense_unconverted"),
        sa.CheckConstraint("state IN ('counted', 'removed')", name="expense_state"),
        sa.ForeignKeyConstraint(["trip"], ["trip.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("trip", "number"),
        sqlite_strict=True,
    )
    op.create_table(
        "expense_part",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("expense", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("paid", BIG, nullable=False),
        sa.Column("owed", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("odd", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "paid BETWEEN 0 AND 1000000000000000 AND owed BETWEEN 0 AND 1000000000000000",
            name="expense_part_sums",
        ),
        sa.CheckConstraint("odd IN (0, 1)", name="expense_part_odd"),
        sa.ForeignKeyConstraint(["expense"], ["expense.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("expense", "person"),
        sqlite_strict=True,
    )
    op.add_column("split", sa.Column("trip", TEXT, nullable=True))
    add_foreign_key("split", "trip", "trip")
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
