"""Between bookmarks and the rows of their table, both ways."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paybridge.domain.history import Bookmark, Mark, Sort, Sought
from paybridge.domain.month import Month
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.rows import Row


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
