"""Writes one step: what it answers, its records, its journals, its posts; all of it or nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, Final

from paybridge.domain.people import Link
from paybridge.services.ports import AlreadyDoneError, OverdraftError, StaleError, StepRefusedError
from paybridge.storage import statements as sql
from paybridge.storage.rows import microseconds, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.ledger import Account, Journal
    from paybridge.services.ports import Post, Record, Step

NO_HASH: Final = bytes(32)
"""What the first journal follows."""

_RANK: Final = {kind: rank for rank, kind in enumerate(sql.TABLE_OF)}
_WRITTEN_BEFORE: Final = ("journal.idem", "post.id", "letter.event")


def write_step(step: Step, connection: sqlite3.Connection, now: int) -> None:
    """Write `step` inside the open transaction, or raise why not; the caller rolls back.

    `now` in microseconds. A constraint that refuses shows as `sqlite3.IntegrityError`; see `refusal`.
    """
    for event in step.done:
        answer_letter(connection, event, now)
    for record in sorted(step.records, key=_writing_order):
        _write_record(connection, record)
    for journal in step.journals:
        _write_journal(connection, journal, now)
    for post in step.posts:
        _write_post(connection, post)


def refusal(error: sqlite3.IntegrityError) -> StepRefusedError:
    """What a refused constraint means to whoever made the step."""
    told = str(error)
    if error.sqlite_errorname in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}:
        if told.endswith(_WRITTEN_BEFORE):
            return AlreadyDoneError(told)
        return StaleError(told)
    if told.endswith("account_above_floor"):
        return OverdraftError(told)
    return StepRefusedError(told)


def answer_letter(connection: sqlite3.Connection, event: str, now: int) -> None:
    """Mark the letter done and blank it, or `AlreadyDoneError`; an unknown one is put there as done."""
    if not finish_letter(connection, event, now):
        raise AlreadyDoneError(event)


def finish_letter(connection: sqlite3.Connection, event: str, now: int) -> bool:
    """Mark the letter done and blank it; False if it was done before."""
    updated = connection.execute(
        "UPDATE letter SET done = 1, payload = x'' WHERE event = ? AND done = 0", (event,)
    ).rowcount
    if updated:
        return True
    row = {
        "number": None,
        "event": event,
        "room": "",
        "sender": "",
        "received": now,
        "payload": b"",
        "done": 1,
    }
    return connection.execute(sql.INSERT_LETTER_IF_NEW, row).rowcount == 1


def _writing_order(record: Record) -> tuple[int, bool]:
    # By foreign keys; and of two links the new default last, when the old one is none any more.
    return _RANK[type(record)], isinstance(record, Link) and record.is_default


def _write_record(connection: sqlite3.Connection, record: Record) -> None:
    kind, before = type(record), record.version
    row = row_of(record)
    row["version"] = before + 1
    if before == 0:
        connection.execute(sql.INSERT_OF[kind], row)
        return
    key = row[sql.KEY_OF[kind]]
    row["_key"], row["_version"] = key, before
    row |= {f"_{name}": row[name] for name in sql.TERMS_OF[kind]}
    if connection.execute(sql.UPDATE_OF[kind], row).rowcount != 1:
        if connection.execute(sql.VERSION_OF[kind], row).fetchone() == (before,):
            raise StepRefusedError(f"{kind.__name__} {key} keeps its terms")
        raise StaleError(f"{kind.__name__} {key} has left version {before}")


def _write_post(connection: sqlite3.Connection, post: Post) -> None:
    row = {
        "number": None,
        "id": post.id,
        "room": post.room,
        "person": post.person,
        "slot": post.slot,
        "payload": post.payload,
        "created": microseconds(post.created),
        "state": "waiting",
        "event": None,
        "reason": None,
    }
    connection.execute(sql.INSERT_POST, row)


# ---------------------------------------------------------------- journals


def _write_journal(connection: sqlite3.Connection, journal: Journal, now: int) -> None:
    head = connection.execute("SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1").fetchone()
    last, prev_hash = head or (0, NO_HASH)
    number = last + 1
    connection.execute(
        sql.INSERT_JOURNAL,
        {
            "id": number,
            "idem": journal.idem,
            "kind": journal.kind,
            "transfer": journal.transfer,
            "created": now,
            "prev_hash": prev_hash,
            "hash": _hash(journal, now, prev_hash),
        },
    )
    for place, line in enumerate(journal.lines, start=1):
        account, balance, version = _account(connection, line.account, line.amount.currency)
        connection.execute(
            sql.INSERT_ENTRY,
            {
                "journal": number,
                "line": place,
                "account": account,
                "currency": line.amount.currency,
                "amount": line.amount.minor,
                "balance_after": balance + line.amount.minor,
                "version": version + 1,
            },
        )
    connection.execute(sql.INSERT_SEAL, {"journal": number})


def _account(connection: sqlite3.Connection, account: Account, currency: str) -> tuple[int, int, int]:
    """Row id, balance and version of the account, which is opened if it is not there."""
    find = "SELECT id, balance, version FROM account WHERE owner = ? AND kind = ? AND currency = ?"
    named = (account.owner, account.kind.value, currency)
    found: tuple[int, int, int] | None = connection.execute(find, named).fetchone()
    if found is not None:
        return found
    row = {
        "id": None,
        "owner": account.owner,
        "kind": account.kind.value,
        "currency": currency,
        "balance": 0,
        "floor": None if account.kind.may_be_negative else 0,
        "version": 0,
    }
    opened = connection.execute(sql.INSERT_ACCOUNT, row).lastrowid
    assert opened is not None  # an insert that does not raise has a row
    return opened, 0, 0


def _hash(journal: Journal, created: int, prev_hash: bytes) -> bytes:
    """The journal's link of the chain: SHA-256 of everything that it says, and of the link before."""
    lines: Sequence[object] = [
        [line.account.owner, line.account.kind.value, line.amount.currency, line.amount.minor]
        for line in journal.lines
    ]
    content = [prev_hash.hex(), journal.idem, journal.kind, journal.transfer, created, lines]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).digest()
