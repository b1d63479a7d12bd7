"""Writes the books, as they are at one moment, in a format of the reader's choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from paybridge.storage.export import beancount, hledger, table
from paybridge.storage.export.books import EVER, Books, Period
from paybridge.storage.outside import opened

FORMATS: Final[Mapping[str, Callable[[Books], Iterator[str]]]] = {
    "beancount": beancount.lines,
    "hledger": hledger.lines,
    "csv": table.lines,
}


def export(url: str, form: str, period: Period = EVER) -> Iterator[str]:
    """The lines of the export, without line ends, or `DatabaseError`; the bot may be running.

    Of a period, what accounts held when it began comes first.
    """
    with opened(url, "export") as outside:
        yield from FORMATS[form](Books(outside.rows, period))
