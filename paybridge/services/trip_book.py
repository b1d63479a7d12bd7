"""What the use cases need of the book for trips, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.trip import Expense, Part, Traveller, Trip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.trip import Entry

TripRecord = Trip | Traveller | Expense | Part


class TripBook(Protocol):
    """The part of the book that keeps trips."""

    async def trip(self, trip: str) -> Trip | None: ...
    async def trip_in(self, room: str) -> Trip | None:
        """The room's open trip, of which there is one at most."""

    async def travellers(self, trip: str) -> Sequence[Traveller]:
        """Who is in it, in the order of their Matrix ids."""

    async def entries(self, trip: str) -> Sequence[Entry]:
        """Every expense that was written down, in that order, with its parts by person; removed ones too."""
