"""The legs that went through rails, read from outside of a running bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.storage import rows
from paybridge.storage.outside import opened
from paybridge.storage.tables import leg

if TYPE_CHECKING:
    from paybridge.domain.leg import Leg

_COLUMNS: Final = tuple(column.name for column in leg.columns)
_QUESTION: Final = f"SELECT {', '.join(_COLUMNS)} FROM leg WHERE kind <> 'book' ORDER BY id"  # noqa: S608 - our names


def rail_legs(url: str) -> list[Leg]:
    """Every leg that is an order to a rail, by id, or `DatabaseError`."""
    with opened(url, "read") as outside:
        return [rows.leg_of(dict(zip(_COLUMNS, row, strict=True))) for row in outside.rows(_QUESTION)]
