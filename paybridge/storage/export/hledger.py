"""hledger's journal format; `hledger check` reads it and refuses whatever does not balance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from paybridge.domain.money import exponent_of
from paybridge.storage.export.names import account_name

if TYPE_CHECKING:
    from paybridge.storage.export.books import Balance, Booking, Books


def lines(books: Books) -> Iterator[str]:
    """The file, line by line. Signs are a bookkeeper's: what we have is positive, what we owe negative."""
    for currency in sorted({balance.amount.currency for balance in books.balances()}):
        yield f"commodity 1.{'0' * exponent_of(currency)} {currency}"
    for account, _ in groupby(books.balances(), key=lambda balance: balance.account):
        yield f"account {account_name(account)}"
    opening = list(books.opening())
    if opening:
        yield ""
        yield f"{books.period.first} * opening balances"
        yield from map(_posting, opening)
    for booking in books.bookings():
        yield from _transaction(booking)
    last = books.closing_day()
    if last is None:
        return
    yield ""
    yield f"{last + timedelta(days=1)} * balances"
    for balance in books.balances():
        nothing, amount = (balance.amount - balance.amount), -balance.amount
        told = f"{nothing.plain()} {amount.currency} = {amount.plain()} {amount.currency}"
        yield f"    {account_name(balance.account)}  {told}"


def _transaction(booking: Booking) -> Iterator[str]:
    yield ""
    yield f"{booking.at.date()} * {_plain(booking.kind)} | {_plain(booking.idem)}"
    tags = (f"journal:{booking.number}", f"transfer:{booking.transfer}", f"time:{booking.at.isoformat()}")
    yield f"    ; {_plain(', '.join(tags))}"
    yield from map(_posting, booking.lines)


def _posting(line: Balance) -> str:
    amount = -line.amount
    return f"    {account_name(line.account)}  {amount.plain()} {amount.currency}"


def _plain(text: str) -> str:
    """What would begin a comment, or another part of the line, is none."""
    return "".join(sign if sign.isprintable() and sign != ";" else "?" for sign in text)
