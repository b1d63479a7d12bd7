"""From the rows of a person's history: where they stopped reading, and what changed their balance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paybridge.domain.history import Bookmark, Mark, Sort, Sought
from paybridge.domain.money import Money
from paybridge.domain.month import Month
from paybridge.domain.statement import Booking
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def bookmark_row(bookmark: Bookmark) -> dict[str, Any]:
    sought = bookmark.sought
    month = None if sought.month is None else (sought.month.year, sought.month.month)
    return {
        "person": bookmark.person,
        "sought": json.dumps([sought.other, month, sought.room, sought.sort, sought.zone]),
        "created": microseconds(bookmark.mark.created),
        "id": bookmark.mark.id,
        "version": bookmark.version,
    }


def bookmark_of(row: Row) -> Bookmark:
    other, month, room, sort, zone = json.loads(row["sought"])
    sought = Sought(other, Month(*month) if month else None, room, Sort(sort) if sort else None, zone)
    return Bookmark(row["person"], sought, Mark(moment(row["created"]), row["id"]), row["version"])


def booking_of(row: Row) -> Booking:
    return Booking(
        number=row["number"],
        at=moment(row["created"]),
        kind=row["kind"],
        transfer=row["transfer"],
        change=Money(row["amount"], row["currency"]),
        balance=Money(row["balance_after"], row["currency"]),
    )
