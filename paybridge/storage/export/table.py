"""CSV: one row for each line of each journal, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from paybridge.storage.export.books import Books

HEAD: Final = ("journal", "time", "kind", "transfer", "key", "account", "owner", "currency", "amount")
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def lines(books: Books) -> Iterator[str]:
    """The file, line by line. Signs are the ledger's: what people own is positive."""
    yield _row(HEAD)
    for line in books.opening():
        owner = _harmless(line.account.owner)
        at = f"{books.period.first}T00:00:00+00:00"
        amount = (line.amount.currency, line.amount.plain())
        yield _row(("", at, "opening", "", "", line.account.kind, owner, *amount))
    for booking in books.bookings():
        for line in booking.lines:
            texts = (booking.kind, booking.transfer, booking.idem, line.account.kind, line.account.owner)
            yield _row(
                (
                    str(booking.number),
                    booking.at.isoformat(),
                    *map(_harmless, texts),
                    line.amount.currency,
                    line.amount.plain(),
                )
            )


def _harmless(text: str) -> str:
    """A text that a spreadsheet would calculate is quoted, as OWASP advises against CSV injection."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def _row(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue()
