"""The tables of trips: who is in them, what was paid, and everybody's part of it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.money import MAX_MINOR
from paybridge.domain.trip import ExpenseState, TripState
from paybridge.storage.columns import (
    TEXT,
    bytes_column,
    check,
    id_column,
    in_list,
    number_column,
    text_column,
    where,
)
from paybridge.storage.tables import metadata

IS_OPEN_TRIP: Final = "state = 'open'"

trip: Final = Table(
    "trip",
    metadata,
    id_column(),
    text_column("state"),
    text_column("opener"),
    text_column("currency"),
    text_column("room"),
    number_column("created"),
    number_column("expenses"),
    bytes_column("name", null=True),
    number_column("version"),
    check("trip_state", in_list("state", TripState)),
    check("trip_expenses", "expenses >= 0"),
    Index("trip_open_in", "room", unique=True, **where(IS_OPEN_TRIP)),
    sqlite_strict=True,
)

traveller: Final = Table(
    "traveller",
    metadata,
    id_column(),
    Column("trip", TEXT, ForeignKey("trip.id"), nullable=False),
    text_column("person"),
    text_column("mxid"),
    number_column("version"),
    UniqueConstraint("trip", "person"),
    sqlite_strict=True,
)

expense: Final = Table(
    "expense",
    metadata,
    id_column(),
    Column("trip", TEXT, ForeignKey("trip.id"), nullable=False),
    number_column("number"),
    text_column("writer"),
    number_column("amount"),
    text_column("currency"),
    number_column("spent"),
    text_column("spent_currency"),
    text_column("rate", null=True),
    text_column("state"),
    number_column("created"),
    bytes_column("note", null=True),
    number_column("version"),
    UniqueConstraint("trip", "number"),
    check("expense_amount", f"amount BETWEEN 1 AND {MAX_MINOR} AND spent BETWEEN 1 AND {MAX_MINOR}"),
    check("expense_rate", "(rate IS NULL) = (currency = spent_currency)"),
    check("expense_unconverted", "currency <> spent_currency OR amount = spent"),
    check("expense_state", in_list("state", ExpenseState)),
    sqlite_strict=True,
)

expense_part: Final = Table(
    "expense_part",
    metadata,
    id_column(),
    Column("expense", TEXT, ForeignKey("expense.id"), nullable=False),
    text_column("person"),
    number_column("paid"),
    number_column("owed"),
    text_column("currency"),
    number_column("odd"),
    number_column("version"),
    UniqueConstraint("expense", "person"),
    check("expense_part_sums", f"paid BETWEEN 0 AND {MAX_MINOR} AND owed BETWEEN 0 AND {MAX_MINOR}"),
    check("expense_part_odd", "odd IN (0, 1)"),
    sqlite_strict=True,
)
