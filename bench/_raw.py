"""The bare SQLite driver doing one step: no guards, no chain, no loop, no threads; as fast as it goes."""

from __future__ import annotations

import sqlite3
import time
from enum import Enum
from typing import TYPE_CHECKING, Final

from bench._money import PEOPLE, pair

if TYPE_CHECKING:
    from pathlib import Path

TOGETHER: Final = 64
"""How many steps a group commit holds."""

_TABLES: Final = """
    CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
    CREATE TABLE transfer (id TEXT PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL);
    CREATE TABLE journal (id INTEGER PRIMARY KEY, idem TEXT NOT NULL UNIQUE);
    CREATE TABLE entry (
        journal INTEGER, line INTEGER, account INTEGER, amount INTEGER, PRIMARY KEY (journal, line)
    );
    CREATE TABLE post (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, payload BLOB NOT NULL);
"""


class Commits(Enum):
    """How steps become durable."""

    EACH = "one per transaction"
    TOGETHER = "group commit"
    SAVEPOINTS = "group commit, savepoints"


def raw_rate(path: Path, steps: int, commits: Commits) -> float:
    """Steps per second in a new database with WAL and synchronous=FULL."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + _TABLES)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO account VALUES (?, 1000000)", [(n,) for n in range(PEOPLE)])
    connection.executemany(
        "INSERT INTO transfer VALUES (?, 'approved', 1)", [(f"PB-{n}",) for n in range(steps)]
    )
    connection.execute("COMMIT")
    together = 1 if commits is Commits.EACH else TOGETHER
    begun = time.perf_counter()
    for number in range(steps):
        if number % together == 0:
            connection.execute("BEGIN IMMEDIATE")
        if commits is Commits.SAVEPOINTS:
            connection.execute("SAVEPOINT step")
        _step(connection, number)
        if commits is Commits.SAVEPOINTS:
            connection.execute("RELEASE step")
        if number % together == together - 1:
            connection.execute("COMMIT")
    if connection.in_transaction:
        connection.execute("COMMIT")
    spent = time.perf_counter() - begun
    connection.close()
    return steps / spent


def _step(connection: sqlite3.Connection, number: int) -> None:
    """Conditional update, journal of two lines with balances, outbox row."""
    payer, payee = pair(number)
    connection.execute(
        "UPDATE transfer SET state = 'settled', version = 2 WHERE id = ? AND version = 1", (f"PB-{number}",)
    )
    connection.execute("INSERT INTO journal VALUES (?, ?)", (number, f"leg-{number}/book"))
    for line, (account, amount) in enumerate(((payer, -1), (payee, 1))):
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (number, line, account, amount))
        connection.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, account))
    connection.execute("INSERT INTO post VALUES (NULL, ?, ?)", (f"post-{number}", bytes(200)))
