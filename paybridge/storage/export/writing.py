"""Writes the books, as they are at one moment, in a format of the reader's choice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from paybridge.storage.errors import DatabaseError
from paybridge.storage.export import beancount, hledger, table
from paybridge.storage.export.books import Books
from paybridge.storage.sqlite.connection import connect_read_only

if TYPE_CHECKING:
    from pathlib import Path

FORMATS: Final[Mapping[str, Callable[[Books], Iterator[str]]]] = {
    "beancount": beancount.lines,
    "hledger": hledger.lines,
    "csv": table.lines,
}


def export(path: Path, form: str) -> Iterator[str]:
    """The lines of the export, without line ends, or `DatabaseError`; the bot may be running."""
    try:
        connection = connect_read_only(path)
        try:
            # One moment for all questions, whatever is written meanwhile.
            connection.execute("BEGIN")
            yield from FORMATS[form](Books(connection.execute))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot export {path}: {error}") from error
