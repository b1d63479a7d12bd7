"""What the limits of a scheme still let an account send."""

from __future__ import annotations

from paybridge.bank.desk import Desk
from paybridge.bank.schemes import Scheme, Spent
from paybridge.bank.surroundings import stamp


def broken_by(desk: Desk, scheme: Scheme, account: int, amount: int) -> str | None:
    """The code of the first limit that `amount` more would break, after what has left the account."""
    for cap in scheme.caps(desk.now):
        spent = desk.books.execute(
            "SELECT coalesce(sum(payment.amount), 0), count(*)"
            " FROM payment JOIN link ON link.id = payment.link"
            " WHERE link.account = ? AND payment.direction = 'collect' AND payment.executed_at >= ?"
            " AND payment.state IN ('pending', 'settled')",
            (account, stamp(cap.since)),
        ).fetchone()
        if cap.refuses(amount, Spent(*spent)):
            return cap.code
    return None
