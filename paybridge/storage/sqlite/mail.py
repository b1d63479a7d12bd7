"""Writes what the mailbox and the vault keep, each inside the open transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.storage.moments import microseconds
from paybridge.storage.sqlite import statements as sql
from paybridge.storage.works import SYNC_TOKEN, sync_token_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from paybridge.services.ports import Letter
    from paybridge.storage.works import (
        BindSeen,
        FinishLetter,
        KeepVaultCheck,
        KeepWrappedKeys,
        MarkSent,
        ReceiveLetters,
        Remember,
        SetAside,
    )


def receive(connection: sqlite3.Connection, work: ReceiveLetters, _now: int) -> Sequence[str]:
    new = [letter.event for letter in work.letters if _put_in(connection, letter)]
    _remember(connection, SYNC_TOKEN, work.next_batch)
    if work.device is not None:
        _remember(connection, sync_token_of(work.device), work.next_batch)
    return new


def _put_in(connection: sqlite3.Connection, letter: Letter) -> bool:
    row = {
        "number": None,
        "event": letter.event,
        "room": letter.room,
        "sender": letter.sender,
        "received": microseconds(letter.received),
        "payload": letter.payload,
        "done": 0,
    }
    return connection.execute(sql.INSERT_LETTER_IF_NEW.sql, sql.INSERT_LETTER_IF_NEW.of(row)).rowcount == 1


def finish(connection: sqlite3.Connection, work: FinishLetter, now: int) -> None:
    finish_letter(connection, work.event, now)


def finish_letter(connection: sqlite3.Connection, event: str, now: int) -> bool:
    """Mark the letter done and blank it; False if it was done before. An unknown one is put there as done."""
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
    return connection.execute(sql.INSERT_LETTER_IF_NEW.sql, sql.INSERT_LETTER_IF_NEW.of(row)).rowcount == 1


def mark_sent(connection: sqlite3.Connection, work: MarkSent, _now: int) -> None:
    marked = connection.execute(
        "UPDATE post SET state = 'sent', event = ?, reason = NULL, payload = x''"
        " WHERE id = ? AND state <> 'sent'",
        (work.event, work.post),
    )
    if marked.rowcount:
        # Kept where the message is in that room; a message in a new room takes the slot over.
        connection.execute(
            "INSERT INTO slot (slot, room, event)"
            " SELECT slot, ?, ? FROM post WHERE id = ? AND slot IS NOT NULL"
            " ON CONFLICT (slot) DO UPDATE SET room = excluded.room, event = excluded.event"
            " WHERE room <> excluded.room",
            (work.room, work.event, work.post),
        )


def set_aside(connection: sqlite3.Connection, work: SetAside, _now: int) -> None:
    connection.execute(
        "UPDATE post SET state = 'aside', reason = ? WHERE id = ? AND state = 'waiting'",
        (work.reason, work.post),
    )


def remember(connection: sqlite3.Connection, work: Remember, _now: int) -> None:
    _remember(connection, work.name, work.value)


def _remember(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO memory (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def bind_seen(connection: sqlite3.Connection, work: BindSeen, _now: int) -> bool:
    connection.execute(
        "INSERT INTO seen (what, event) VALUES (?, ?) ON CONFLICT DO NOTHING", (work.what, work.event)
    )
    (bound,) = connection.execute("SELECT event FROM seen WHERE what = ?", (work.what,)).fetchone()
    return bool(bound == work.event)


def keep_wrapped_keys(connection: sqlite3.Connection, work: KeepWrappedKeys, _now: int) -> None:
    connection.executemany(
        "UPDATE person SET key = ?, version = version + 1 WHERE id = ?",
        [(key, person) for person, key in work.keys.items()],
    )
    connection.execute("UPDATE vault_check SET value = ?", (work.check,))


def keep_vault_check(connection: sqlite3.Connection, work: KeepVaultCheck, _now: int) -> bool:
    connection.execute(
        "INSERT INTO vault_check (id, value) VALUES (1, ?) ON CONFLICT (id) DO NOTHING", (work.value,)
    )
    (kept,) = connection.execute("SELECT value FROM vault_check").fetchone()
    return bool(kept == work.value)
