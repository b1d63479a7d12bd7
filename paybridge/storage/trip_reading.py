"""What the book answers about trips, on any engine."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy import Text, bindparam, select, text

from paybridge.domain.trip import Entry
from paybridge.storage import trip_rows
from paybridge.storage.trip_tables import IS_OPEN_TRIP, expense, expense_part, traveller, trip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.trip import Traveller, Trip
    from paybridge.storage.reading import Reading

_OF_TRIP: Final = bindparam("trip", type_=Text)

TRIP: Final = select(trip).where(trip.c.id == bindparam("id"))
TRIP_IN: Final = select(trip).where(text(f"trip.{IS_OPEN_TRIP}"), trip.c.room == bindparam("room"))
TRAVELLERS: Final = select(traveller).where(traveller.c.trip == _OF_TRIP).order_by(traveller.c.mxid)
EXPENSES: Final = select(expense).where(expense.c.trip == _OF_TRIP).order_by(expense.c.number)
PARTS: Final = (
    select(expense_part)
    .select_from(expense.join(expense_part, expense_part.c.expense == expense.c.id))
    .where(expense.c.trip == _OF_TRIP)
    .order_by(expense_part.c.expense, expense_part.c.person)
)


class TripReading:
    """The part of the book that keeps trips."""

    _reader: Reading

    async def trip(self, trip: str) -> Trip | None:
        row = await self._reader.first(TRIP, {"id": trip})
        return None if row is None else trip_rows.trip_of(row)

    async def trip_in(self, room: str) -> Trip | None:
        row = await self._reader.first(TRIP_IN, {"room": room})
        return None if row is None else trip_rows.trip_of(row)

    async def travellers(self, trip: str) -> Sequence[Traveller]:
        return [trip_rows.traveller_of(row) for row in await self._reader.rows(TRAVELLERS, {"trip": trip})]

    async def entries(self, trip: str) -> Sequence[Entry]:
        parts = [trip_rows.part_of(row) for row in await self._reader.rows(PARTS, {"trip": trip})]
        of_expense = {name: tuple(found) for name, found in groupby(parts, key=lambda part: part.expense)}
        expenses = [trip_rows.expense_of(row) for row in await self._reader.rows(EXPENSES, {"trip": trip})]
        return [Entry(each, of_expense[each.id]) for each in expenses]
