"""What everybody must have by their payments alone, beside what the ledger says that they have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

_PAYMENTS: Final = """
    SELECT transfer.id, transfer.kind, transfer.state, transfer.payer, transfer.payee, transfer.amount,
        transfer.refunded, transfer.source IS NULL, sum(leg.fee), sum(leg.taken_back),
        max(leg.to_claim), max(leg.kind = 'payout')
    FROM transfer JOIN leg ON leg.transfer = transfer.id GROUP BY transfer.id
"""
_OVER: Final = frozenset({"settled", "claimed", "returned", "claimable"})
_LEDGER: Final = """
    SELECT owner, sum(balance) FROM account WHERE kind IN ('person', 'held', 'receivable') GROUP BY owner
"""
_CLAIMABLE: Final = "SELECT owner, balance FROM account WHERE kind = 'claimable'"


def elsewhere_than_due(connection: sqlite3.Connection) -> list[str]:
    """Whose money is not what their payments come to, once no payment is under way."""
    due: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for (
        payment,
        kind,
        state,
        payer,
        payee,
        amount,
        refunded,
        own,
        fee,
        back,
        to_claim,
        out,
    ) in connection.execute(_PAYMENTS):
        stood = _before_reversal(connection, payment, to_claim=to_claim) if state == "reversed" else state
        if stood not in _OVER:
            continue
        if own and kind != "topup":
            due[payer] -= amount + fee
        if stood == "claimable":
            waiting[payee] += amount
        elif not out:
            due[payer if stood == "returned" else payee] += amount
        if out:
            due[payer] += back
        elif back and stood == "claimable":
            waiting[payee] -= amount
            due[payer] += amount - back
        elif back:
            borne = 0 if stood == "returned" else min(back, amount - refunded)
            due[payee] -= borne
            due[payer] -= back - borne
    return [*_compared(connection, _LEDGER, due), *_compared(connection, _CLAIMABLE, waiting)]


def _before_reversal(connection: sqlite3.Connection, payment: str, *, to_claim: bool) -> str:
    """How the payment stood when a rail took its money back, by what was booked for it."""
    for name, stood in (("claim", "claimed"), ("return", "returned")):
        booked = connection.execute("SELECT 1 FROM journal WHERE idem = ?", (f"{payment}/{name}",))
        if booked.fetchone() is not None:
            return stood
    return "claimable" if to_claim else "settled"


def _compared(connection: sqlite3.Connection, question: str, due: Counter[str]) -> list[str]:
    have = Counter(dict(connection.execute(question).fetchall()))
    return [
        f"{owner} has {have[owner]}, their payments come to {due[owner]}"
        for owner in sorted({*have, *due})
        if have[owner] != due[owner]
    ]
