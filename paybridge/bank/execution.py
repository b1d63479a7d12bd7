"""Executing an order: the one place where customers' money moves, once per key and once per order."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import timedelta

from paybridge.bank import ledger, limits, links, notices, orders
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.schemes import scheme_of
from paybridge.bank.scripts import Direction, Manner
from paybridge.bank.surroundings import stamp


@dataclass(frozen=True, slots=True)
class Command:
    """A request to execute: the same key must always come with the same order and fee cap."""

    order: str
    key: str
    fee_cap: int

    @property
    def asked(self) -> str:
        """The request in one line, to tell a replay from another request under the same key."""
        return json.dumps([self.order, self.fee_cap])


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of an answer, already on disk if it tells of an effect, and how it is to be given."""

    body: str
    manner: Manner


def execute(desk: Desk, command: Command) -> Reply:
    """Carry out an order and keep the answer under its key, or replay the answer that is kept."""
    kept = _kept_answer(desk, command.key)
    if kept is not None:
        if kept["asked"] != command.asked:
            raise BankError(409, "key_reused", "This key already came with another request.")
        return Reply(kept["body"], Manner.PROMPT)
    row = orders.find(desk.books, command.order)
    _check_executable(orders.state_of(row, desk.now))
    script = links.script_for(links.find(desk.books, row["link"]))
    if not script.takes_effect:
        return Reply("", script.manner)
    refusal = _refusal(desk, row, command.fee_cap)
    if refusal is None:
        _carry_out(desk, row)
    else:
        _refuse(desk, row, refusal)
    after = orders.told(orders.find(desk.books, command.order), desk.now)
    _announce(desk, after)
    body = json.dumps(after)
    desk.books.execute(
        "INSERT INTO answer (key, asked, body, at) VALUES (?, ?, ?, ?)",
        (command.key, command.asked, body, desk.at),
    )
    return Reply(body, script.manner)


def catch_up(desk: Desk) -> int:
    """Settle and take back what is due; how many orders that were."""
    return settle_due(desk) + reverse_due(desk)


def settle_due(desk: Desk) -> int:
    """Settle the pending orders whose time has come; how many there were."""
    due = desk.books.execute(
        "SELECT * FROM payment WHERE state = 'pending' AND settles_at <= ?", (desk.at,)
    ).fetchall()
    for row in due:
        _, destination = _ends(desk, row)
        in_transit = ledger.account_id(desk.books, "in_transit", row["currency"])
        _move(desk, row, in_transit, destination)
        desk.books.execute(
            "UPDATE payment SET state = 'settled', settled_at = ? WHERE id = ?", (desk.at, row["id"])
        )
        _announce(desk, orders.told(orders.find(desk.books, row["id"]), desk.now))
    return len(due)


def reverse_due(desk: Desk) -> int:
    """Take back the settled orders whose time for it has come; how many there were.

    Where the money has been spent, it is taken back once it is there again.
    """
    due = desk.books.execute(
        "SELECT * FROM payment WHERE reverses_at <= ? AND reversed_at IS NULL", (desk.at,)
    ).fetchall()
    reversed_now = 0
    for row in due:
        source, destination = _ends(desk, row)
        if ledger.balance(desk.books, destination) < row["amount"]:
            continue
        _move(desk, row, destination, source)
        desk.books.execute("UPDATE payment SET reversed_at = ? WHERE id = ?", (desk.at, row["id"]))
        _announce(desk, orders.told(orders.find(desk.books, row["id"]), desk.now))
        reversed_now += 1
    return reversed_now


def is_any_open(desk: Desk) -> bool:
    """Whether an order is still to settle, or to be taken back."""
    found = desk.books.execute(
        "SELECT 1 FROM payment WHERE state = 'pending'"
        " UNION ALL SELECT 1 FROM payment WHERE reverses_at IS NOT NULL AND reversed_at IS NULL LIMIT 1"
    )
    return found.fetchone() is not None


def _kept_answer(desk: Desk, key: str) -> sqlite3.Row | None:
    forgotten = stamp(desk.now - timedelta(seconds=desk.options.idempotency_window_seconds))
    desk.books.execute("DELETE FROM answer WHERE key = ? AND at < ?", (key, forgotten))
    row: sqlite3.Row | None = desk.books.execute("SELECT * FROM answer WHERE key = ?", (key,)).fetchone()
    return row


def _check_executable(state: str) -> None:
    if state == "cancelled":
        raise BankError(409, "order_cancelled", "This order was cancelled.")
    if state == "expired":
        raise BankError(409, "order_expired", "This order was not executed in time.")
    if state != "prepared":
        raise BankError(409, "already_executed", "This order was already executed under another key.")


def _refusal(desk: Desk, row: sqlite3.Row, fee_cap: int) -> str | None:
    link = links.find(desk.books, row["link"])
    direction = orders.direction_of(row)
    charged = orders.fee(desk.options, direction)
    source, _ = _ends(desk, row)
    others = [] if row["to_link"] is None else [links.find(desk.books, row["to_link"])]
    if any(one["state"] != "verified" for one in (link, *others)):
        return "link_not_verified"
    if charged > fee_cap:
        return "fee_over_cap"
    leaves = Direction.PAYOUT if direction is Direction.PAYOUT else Direction.COLLECT
    sides = [(link, leaves), *((other, Direction.PAYOUT) for other in others)]
    scripted = (links.script_for(one).refuses.get(way) for one, way in sides)
    if (refused := next((code for code in scripted if code is not None), None)) is not None:
        return refused
    scheme = scheme_of(row["currency"])
    assert scheme is not None  # the order was prepared in it
    if leaves is Direction.COLLECT and (broken := limits.broken_by(desk, scheme, source, row["amount"])):
        return broken
    if ledger.balance(desk.books, source) < row["amount"] + charged:
        return "insufficient_funds"
    return None


def _refuse(desk: Desk, row: sqlite3.Row, code: str) -> None:
    desk.books.execute(
        "UPDATE payment SET state = 'refused', code = ?, fee = 0, executed_at = ? WHERE id = ?",
        (code, desk.at, row["id"]),
    )


def _carry_out(desk: Desk, row: sqlite3.Row) -> None:
    script = links.script_for(links.find(desk.books, row["link"]))
    charged = orders.fee(desk.options, orders.direction_of(row))
    source, destination = _ends(desk, row)
    due = desk.now + timedelta(seconds=desk.options.slow_seconds if script.slow else 0)
    if desk.options.hours is not None:
        due = desk.options.hours.settles_at(due)
    if script.slow or due > desk.now:
        state, settled_at, settles_at = "pending", None, stamp(due)
        _move(desk, row, source, ledger.account_id(desk.books, "in_transit", row["currency"]))
    else:
        state, settled_at, settles_at = "settled", desk.at, None
        _move(desk, row, source, destination)
    if charged:
        _charge(desk, row, source, charged)
    reported = row["amount"] + script.misreported_by
    after = timedelta(seconds=desk.options.reverse_seconds)
    reverses_at = stamp(desk.now + after) if script.reverses else None
    desk.books.execute(
        "UPDATE payment SET state = ?, fee = ?, reported_amount = ?, executed_at = ?, settles_at = ?,"
        " settled_at = ?, reverses_at = ? WHERE id = ?",
        (state, charged, reported, desk.at, settles_at, settled_at, reverses_at, row["id"]),
    )


def _ends(desk: Desk, row: sqlite3.Row) -> tuple[int, int]:
    customer: int = links.find(desk.books, row["link"])["account"]
    if row["to_link"] is not None:
        return customer, links.find(desk.books, row["to_link"])["account"]
    settlement = ledger.account_id(desk.books, "settlement", row["currency"])
    return (customer, settlement) if row["direction"] == Direction.COLLECT else (settlement, customer)


def _move(desk: Desk, row: sqlite3.Row, source: int, destination: int) -> None:
    text = row["text"] or row["reference"]
    ledger.move(
        desk.books,
        ledger.Movement(desk.at, "payment", source, destination, row["amount"], text, row["id"]),
    )


def _charge(desk: Desk, row: sqlite3.Row, source: int, charged: int) -> None:
    fees = ledger.account_id(desk.books, "fees", row["currency"])
    text = f"Fee for {row['reference']}"
    ledger.move(desk.books, ledger.Movement(desk.at, "fee", source, fees, charged, text, row["id"]))


def _announce(desk: Desk, order: dict[str, object]) -> None:
    if desk.options.webhook_url is None or order["state"] == "pending":
        return
    link = links.find(desk.books, str(order["link"]))
    copies = (2, 1) if links.script_for(link).announced_twice else (1,)
    for count in copies:
        notices.announce(desk, f"order.{order['state']}", order, copies=count)
