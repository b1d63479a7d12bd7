"""The legs that went through rails, read from outside of a running bot."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from paybridge.storage import rows
from paybridge.storage.errors import DatabaseError
from paybridge.storage.sqlite.connection import connect_read_only

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.leg import Leg


def rail_legs(path: Path) -> list[Leg]:
    """Every leg that is an order to a rail, by id, or `DatabaseError`."""
    try:
        connection = connect_read_only(path)
        try:
            connection.row_factory = sqlite3.Row
            found = connection.execute("SELECT * FROM leg WHERE kind <> 'book' ORDER BY id").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot read {path}: {error}") from error
    return [rows.leg_of(row) for row in found]
