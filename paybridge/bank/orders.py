"""Orders up to their execution: prepared, looked up and cancelled, none of which moves money."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from paybridge.bank import limits, links
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.options import BankOptions
from paybridge.bank.schemes import Scheme, scheme_of
from paybridge.bank.scripts import Direction
from paybridge.bank.surroundings import moment, stamp

PREPARED_LASTS = timedelta(hours=1)
QUOTE_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a quote is asked for; without a link it is for any account."""

    direction: Direction
    amount: int
    currency: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What an order asks for; the amount is in minor units of the currency, without the fee."""

    reference: str
    direction: Direction
    link: str
    amount: int
    currency: str
    text: str
    to: str | None = None
    """The link to the account that a direct payment goes to."""


def quote(desk: Desk, wanted: Wanted) -> dict[str, object]:
    """What an order would cost on top of its amount; a limit that it would break is said already here."""
    scheme = _check_amount(wanted.amount, wanted.currency)
    if wanted.link is not None:
        account = _link_for(desk.books, wanted.link, scheme)["account"]
        leaves = wanted.direction is not Direction.PAYOUT
        if leaves and (broken := limits.broken_by(desk, scheme, account, wanted.amount)):
            raise BankError(422, broken, "That is more than the account may send just now.")
    charged = fee(desk.options, wanted.direction)
    return {
        "direction": wanted.direction,
        "amount": wanted.amount,
        "currency": wanted.currency,
        "fee": charged,
        "highest_fee": charged,
        "expires_at": stamp(desk.now + QUOTE_LASTS),
    }


def fee(options: BankOptions, direction: Direction) -> int:
    """What the bank takes on top of the amount, in minor units."""
    return options.payout_fee_minor if direction is Direction.PAYOUT else options.collect_fee_minor


def prepare(desk: Desk, wish: Wish) -> tuple[sqlite3.Row, bool]:
    """The order with this reference, and whether it is new; it never names a second wish."""
    books = desk.books
    earlier = books.execute("SELECT * FROM payment WHERE reference = ?", (wish.reference,)).fetchone()
    if earlier is not None:
        if _wish_of(earlier) != wish:
            raise BankError(409, "reference_reused", "This reference already names another order.")
        return earlier, False
    scheme = _check_amount(wish.amount, wish.currency)
    link = _link_for(books, wish.link, scheme)
    if (wish.direction is Direction.DIRECT) is not (wish.to is not None):
        raise BankError(422, "bad_to", "A direct payment names a link to pay to, and no other order does.")
    if wish.to is not None and _link_for(books, wish.to, scheme)["account"] == link["account"]:
        raise BankError(422, "bad_to", "That is the account that the money comes from.")
    order = desk.new_id("ord_")
    books.execute(
        "INSERT INTO payment (id, reference, direction, link, to_link, amount, currency, text, state, fee,"
        " reported_amount, prepared_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'prepared', ?, ?, ?, ?)",
        (
            order,
            wish.reference,
            Direction.PAYOUT if wish.direction is Direction.PAYOUT else Direction.COLLECT,
            wish.link,
            wish.to,
            wish.amount,
            wish.currency,
            wish.text,
            fee(desk.options, wish.direction),
            wish.amount,
            desk.at,
            stamp(desk.now + PREPARED_LASTS),
        ),
    )
    return find(books, order), True


def direction_of(row: sqlite3.Row) -> Direction:
    """Which way an order's money goes: a direct payment is kept as a collect that goes to another account."""
    return Direction.DIRECT if row["to_link"] is not None else Direction(row["direction"])


def find(books: sqlite3.Connection, order: str) -> sqlite3.Row:
    """The order with this id, or `BankError` 404."""
    return _one(books.execute("SELECT * FROM payment WHERE id = ?", (order,)))


def find_by_reference(books: sqlite3.Connection, reference: str) -> sqlite3.Row:
    """The order with this reference, or `BankError` 404."""
    return _one(books.execute("SELECT * FROM payment WHERE reference = ?", (reference,)))


def cancel(desk: Desk, order: str) -> sqlite3.Row:
    """Make sure that an order is never executed; refused when it already was."""
    row = find(desk.books, order)
    if row["executed_at"] is not None:
        raise BankError(409, "already_executed", "This order was already executed.")
    desk.books.execute("UPDATE payment SET state = 'cancelled' WHERE id = ? AND state = 'prepared'", (order,))
    return find(desk.books, order)


def state_of(row: sqlite3.Row, now: datetime) -> str:
    """The state that an order is in now: a prepared one expires without anybody writing it down.

    One that was reversed is written down as settled, which it was.
    """
    state: str = row["state"]
    if row["reversed_at"] is not None:
        return "reversed"
    if state == "prepared" and moment(row["expires_at"]) <= now:
        return "expired"
    return state


def told(row: sqlite3.Row, now: datetime) -> dict[str, object]:
    """An order as programs read it; `remote_id` appears once it was executed, even if that was refused."""
    return {
        "id": row["id"],
        "reference": row["reference"],
        "state": state_of(row, now),
        "code": row["code"],
        "direction": direction_of(row),
        "link": row["link"],
        "to": row["to_link"],
        "amount": row["reported_amount"],
        "currency": row["currency"],
        "text": row["text"],
        "fee": row["fee"],
        "remote_id": row["id"] if row["executed_at"] is not None else None,
        "prepared_at": row["prepared_at"],
        "expires_at": row["expires_at"],
        "settles_at": row["settles_at"],
        "settles_in": _seconds_left(row, now),
        "settled_at": row["settled_at"],
        "reversed_at": row["reversed_at"],
    }


def _seconds_left(row: sqlite3.Row, now: datetime) -> float | None:
    """For how long a pending order is still to settle, in seconds; None if it is not pending."""
    if row["state"] != "pending":
        return None
    return max((moment(row["settles_at"]) - now).total_seconds(), 0.0)


def _one(found: sqlite3.Cursor) -> sqlite3.Row:
    row: sqlite3.Row | None = found.fetchone()
    if row is None:
        # Final: an order is on disk before its id or the answer about it leaves the bank.
        raise BankError(404, "not_found", "There is no such order.", final=True)
    return row


def _wish_of(row: sqlite3.Row) -> Wish:
    return Wish(
        row["reference"],
        direction_of(row),
        row["link"],
        row["amount"],
        row["currency"],
        row["text"],
        row["to_link"],
    )


def _check_amount(amount: int, currency: str) -> Scheme:
    scheme = scheme_of(currency)
    if scheme is None:
        raise BankError(422, "bad_currency", f"The bank does not move {currency}.")
    if not 1 <= amount <= scheme.highest_amount:
        raise BankError(
            422,
            "bad_amount",
            f"An amount lies between 1 and {scheme.highest_amount} minor units.",
        )
    return scheme


def _link_for(books: sqlite3.Connection, named: str, scheme: Scheme) -> sqlite3.Row:
    """The verified link of this name, whose account is one of the scheme."""
    try:
        link = links.find(books, named)
    except BankError:
        link = None
    if link is None or link["state"] != "verified":
        raise BankError(422, "link_not_verified", "The order's link is not verified.")
    if link["scheme"] != scheme.name:
        raise BankError(422, "bad_currency", "The linked account does not hold this currency.")
    return link
