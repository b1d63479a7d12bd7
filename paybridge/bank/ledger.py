"""Accounts and the movements between them; nothing else ever changes a balance."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from paybridge.bank.schemes import Number, Scheme

NAMELESS = "Account holder at "
"""How a holder is called whose name nobody has told."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One amount on its way from one account to another; amounts are in minor units."""

    at: str
    kind: str
    source: int
    destination: int
    amount: int
    text: str
    payment: str | None = None


def move(books: sqlite3.Connection, movement: Movement) -> None:
    """Book a movement; the schema refuses one that would overdraw an account."""
    books.execute(
        "INSERT INTO movement (at, kind, source, destination, amount, text, payment)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            movement.at,
            movement.kind,
            movement.source,
            movement.destination,
            movement.amount,
            movement.text,
            movement.payment,
        ),
    )


def account_id(books: sqlite3.Connection, kind: str, currency: str) -> int:
    """The bank's own account of a kind; there is one per currency."""
    row = books.execute("SELECT id FROM account WHERE kind = ? AND currency = ?", (kind, currency)).fetchone()
    return int(row["id"])


def balance(books: sqlite3.Connection, account: int) -> int:
    """What stands on an account."""
    return int(books.execute("SELECT balance FROM account WHERE id = ?", (account,)).fetchone()["balance"])


def by_number(books: sqlite3.Connection, number: str) -> sqlite3.Row | None:
    """The account with this number, if it was ever opened."""
    row: sqlite3.Row | None = books.execute("SELECT * FROM account WHERE number = ?", (number,)).fetchone()
    return row


def customers(books: sqlite3.Connection) -> list[sqlite3.Row]:
    """Every account that belongs to someone, the settlement account first."""
    return books.execute(
        "SELECT * FROM account WHERE kind IN ('settlement', 'customer') ORDER BY kind DESC, id",
    ).fetchall()


def open_own_accounts(books: sqlite3.Connection, scheme: Scheme, opening: int, at: str) -> None:
    """Open the bank's own accounts of a scheme unless they stand already; `opening` is put on settlement."""
    if by_number(books, scheme.settlement_number) is not None:
        return
    for kind, number, holder in (
        ("world", f"world:{scheme.currency}", "Cash desk"),
        ("fees", f"fees:{scheme.currency}", "Bank fees"),
        ("in_transit", f"in_transit:{scheme.currency}", "In transit"),
        ("settlement", scheme.settlement_number, "PayBridge"),
    ):
        _open(books, (number, holder, kind, scheme.currency, at))
    if opening:
        _put_in(books, scheme, scheme.settlement_number, opening, at)


def open_customer_account(books: sqlite3.Connection, scheme: Scheme, number: Number, at: str) -> sqlite3.Row:
    """The account with this number, opened with the scheme's opening balance if nobody has it yet."""
    known = by_number(books, number.written)
    if known is not None:
        return known
    _open(books, (number.written, f"{NAMELESS}{number.bank_name}", "customer", scheme.currency, at))
    _put_in(books, scheme, number.written, scheme.opening_balance, at)
    opened = by_number(books, number.written)
    if opened is None:
        message = "an account that was just opened is not there"
        raise RuntimeError(message)
    return opened


def own_entries(
    books: sqlite3.Connection, accounts: Sequence[int], after: int, limit: int
) -> list[sqlite3.Row]:
    """Entries of accounts after an entry's number, oldest first, with the order each belongs to."""
    places = ", ".join("?" * len(accounts))
    return books.execute(
        "SELECT entry.*, account.currency, payment.reference FROM entry"  # noqa: S608 - places are question marks
        " JOIN account ON account.id = entry.account LEFT JOIN payment ON payment.id = entry.payment"
        f" WHERE entry.account IN ({places}) AND entry.id > ? ORDER BY entry.id LIMIT ?",
        (*accounts, after, limit),
    ).fetchall()


def told_entries(books: sqlite3.Connection, account: int) -> list[sqlite3.Row]:
    """All entries of an account as its holder reads them, newest first, each with the balance after it."""
    return books.execute(
        "SELECT entry.*, other.holder AS counterparty,"
        " sum(entry.amount) OVER (ORDER BY entry.id) AS balance_after"
        " FROM entry JOIN account AS other ON other.id = entry.other"
        " WHERE entry.account = ? ORDER BY entry.id DESC",
        (account,),
    ).fetchall()


def _open(books: sqlite3.Connection, row: tuple[str, str, str, str, str]) -> None:
    books.execute(
        "INSERT INTO account (number, holder, kind, currency, opened_at) VALUES (?, ?, ?, ?, ?)", row
    )


def _put_in(books: sqlite3.Connection, scheme: Scheme, number: str, amount: int, at: str) -> None:
    world = account_id(books, "world", scheme.currency)
    account = by_number(books, number)
    if account is None:
        message = "money can only be put into an open account"
        raise RuntimeError(message)
    move(books, Movement(at, "opening", world, account["id"], amount, "Opening balance"))
