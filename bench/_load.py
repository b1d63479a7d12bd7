"""Loads a large ledger quickly: copies of payments that the book wrote, past every guard of the database."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from bench._money import mxid, pair, portions

if TYPE_CHECKING:
    from pathlib import Path

SHOP: Final = 0
"""The person whom one payment in five goes to, so that somebody has a long history."""
_SHOP_SELLS: Final = 5
_A_TRANSACTION: Final = 5_000
_PRAGMAS: Final = (
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "synchronous = OFF",
    "cache_size = -262144",
)
_SECOND: Final = 1_000_000

Row = dict[str, Any]


def load_like(path: Path, payment: str, payments: int) -> None:
    """Write `payments` more like the settled `payment`, between other people and each a second later.

    Triggers and foreign keys are on, as for the writer; only waiting for the disk is left out. The chain is
    hashed here by the same rule, and must be proven by an audit.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for pragma in (
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "synchronous = OFF",
        "cache_size = -262144",
    ):
        connection.execute(f"PRAGMA {pragma}")
    try:
        copies = _Copies(connection, payment)
        for some in portions(range(payments), _A_TRANSACTION):
            connection.execute("BEGIN IMMEDIATE")
            copies.write(some)
            connection.execute("COMMIT")
    finally:
        connection.close()


class _Copies:
    """The rows of one payment, to be written again with other names."""

    def __init__(self, connection: sqlite3.Connection, payment: str) -> None:
        self._connection = connection
        self._transfer = self._row("transfer", "id", payment)
        self._leg = self._row("leg", "transfer", payment)
        self._journal = self._row("journal", "transfer", payment)
        self._entry = self._row("entry", "journal", self._journal["id"])
        self._seal = self._row("seal", "journal", self._journal["id"])
        accounts = connection.execute("SELECT owner, id, balance, version FROM account WHERE kind = 'person'")
        self._accounts = {row["owner"]: [row["id"], row["balance"], row["version"]] for row in accounts}
        head = connection.execute("SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1").fetchone()
        self._last, self._hash = head

    def write(self, numbers: range) -> None:
        tables: dict[str, list[Row]] = {
            "transfer": [], "leg": [], "journal": [], "entry": [], "seal": [],
        }  # fmt: skip
        for number in numbers:
            self._copy(number, tables)
        for table, rows in tables.items():
            names = list(rows[0])
            values = ", ".join(f":{name}" for name in names)
            insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"  # noqa: S608 - names of columns
            self._connection.executemany(insert, rows)

    def _copy(self, number: int, tables: dict[str, list[Row]]) -> None:
        payer, payee = pair(number)
        if number % _SHOP_SELLS == 0 and payer != SHOP:
            payee = SHOP
        giver, taker = f"person-{payer}", f"person-{payee}"
        payment, leg = f"PB-{number}-LIKE", f"PB-{number}-LIKE/1"
        amount, currency = self._transfer["amount"], self._transfer["currency"]
        who = {"payer": giver, "payer_mxid": mxid(payer), "payee": taker, "payee_mxid": mxid(payee)}
        created = self._transfer["created"] + number * _SECOND
        tables["transfer"].append(self._transfer | who | {"id": payment, "created": created})
        tables["leg"].append(self._leg | {"id": leg, "transfer": payment, "owner": giver, "to_person": taker})
        self._last += 1
        idem, kind, at = f"{leg}/book", self._journal["kind"], self._journal["created"]
        lines = [[owner, "person", currency, moved] for owner, moved in ((giver, -amount), (taker, amount))]
        content = [self._hash.hex(), idem, kind, payment, at, lines]
        link = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).digest()
        tables["journal"].append(
            self._journal
            | {"id": self._last, "idem": idem, "transfer": payment, "prev_hash": self._hash, "hash": link}
        )
        self._hash = link
        for place, (owner, _, _, moved) in enumerate(lines, start=1):
            account = self._accounts[owner]
            account[1] += moved
            account[2] += 1
            tables["entry"].append(
                self._entry
                | {"journal": self._last, "line": place, "account": account[0], "amount": moved}
                | {"balance_after": account[1], "version": account[2]}
            )
        tables["seal"].append(self._seal | {"journal": self._last})

    def _row(self, table: str, column: str, value: object) -> Row:
        found = self._connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))  # noqa: S608 - ours
        return dict(found.fetchone())
