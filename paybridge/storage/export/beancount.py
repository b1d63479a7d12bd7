"""Beancount: `bean-check` reads it and refuses whatever does not balance to the last decimal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from paybridge.storage.export.names import account_name

if TYPE_CHECKING:
    from paybridge.storage.export.books import Balance, Booking, Books

OPENED = "1970-01-01"


def lines(books: Books) -> Iterator[str]:
    """The file, line by line. Signs are a bookkeeper's: what we have is positive, what we owe negative."""
    yield 'option "title" "PayBridge"'
    yield 'option "inferred_tolerance_default" "*:0"'
    yield ""
    for account, held in groupby(books.balances(), key=lambda balance: balance.account):
        currencies = ",".join(balance.amount.currency for balance in held)
        yield f"{OPENED} open {account_name(account)} {currencies}"
    opening = list(books.opening())
    if opening:
        yield ""
        yield f'{books.period.first} * "opening balances"'
        yield from map(_posting, opening)
    for booking in books.bookings():
        yield from _transaction(booking)
    last = books.closing_day()
    if last is None:
        return
    yield ""
    # An assertion is about the beginning of its day.
    day = last + timedelta(days=1)
    for balance in books.balances():
        amount = -balance.amount
        yield f"{day} balance {account_name(balance.account)} {amount.plain()} ~ 0 {amount.currency}"


def _transaction(booking: Booking) -> Iterator[str]:
    yield ""
    yield f"{booking.at.date()} * {_quoted(booking.kind)} {_quoted(booking.idem)}"
    yield f"  journal: {booking.number}"
    yield f"  transfer: {_quoted(booking.transfer)}"
    yield f"  time: {_quoted(booking.at.isoformat())}"
    yield from map(_posting, booking.lines)


def _posting(line: Balance) -> str:
    amount = -line.amount
    return f"  {account_name(line.account)}  {amount.plain()} {amount.currency}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
