"""Writes what the mailbox and the vault keep, each inside the open transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.storage.kinds import KEY_OF, TABLE_OF
from paybridge.storage.moments import microseconds
from paybridge.storage.postgres import statements as sql
from paybridge.storage.postgres.rows import letter_done
from paybridge.storage.works import (
    SYNC_TOKEN,
    BindSeen,
    FinishLetter,
    KeepVaultCheck,
    KeepWrappedKeys,
    MarkSent,
    ReceiveLetters,
    Remember,
    SetAside,
    WriteStep,
    sync_token_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from paybridge.services.ports import Letter
    from paybridge.storage.works import Answer, Work


def touched_by(work: Work) -> set[tuple[str, str]]:
    """What the work writes, by kind and key; two that share nothing may be written in any order."""
    found: set[tuple[str, str]]
    match work:
        case WriteStep(step):
            found = (
                {("letter", event) for event in step.done}
                | {("post", post.id) for post in step.posts}
                | {
                    (TABLE_OF[type(record)].name, str(getattr(record, KEY_OF[type(record)])))
                    for record in step.records
                }
            )
        case ReceiveLetters(letters, _, _):
            found = {("letter", letter.event) for letter in letters} | {("memory", SYNC_TOKEN)}
        case FinishLetter(event):
            found = {("letter", event)}
        case MarkSent(post, _, _) | SetAside(post, _):
            found = {("post", post)}
        case Remember(name, _):
            found = {("memory", name)}
        case BindSeen(what, _):
            found = {("seen", what)}
        case KeepWrappedKeys(keys, _):
            found = {("vault_check", "")} | {("person", person) for person in keys}
        case KeepVaultCheck():
            found = {("vault_check", "")}
    return found


def looked_at_by(work: Work) -> set[tuple[str, str]]:
    """What the work only looks at, as others may do at the same time, while nobody writes it."""
    if not isinstance(work, WriteStep):
        return set()
    return {("person", person) for person in work.step.unfrozen + work.step.alive}


async def finish_letters(connection: asyncpg.Connection, events: Sequence[str], now: int) -> set[str]:
    """Mark the letters done and blank them, unknown ones being put there as done; those not done before."""
    rows = [letter_done(event, now) for event in sorted(set(events))]
    return {row["event"] for row in await connection.fetch(sql.FINISH_LETTERS, sql.as_json(rows))}


async def finish(connection: asyncpg.Connection, works: Sequence[FinishLetter], now: int) -> list[None]:
    await finish_letters(connection, [work.event for work in works], now)
    return [None] * len(works)


async def mark_sent(connection: asyncpg.Connection, works: Sequence[MarkSent], _now: int) -> list[None]:
    await connection.execute(
        sql.MARK_SENT,
        [work.post for work in works],
        [work.event for work in works],
        [work.room for work in works],
    )
    return [None] * len(works)


async def bind_seen(connection: asyncpg.Connection, works: Sequence[BindSeen], _now: int) -> list[bool]:
    told = sorted({(work.what, work.event) for work in works})
    keys = [what for what, _ in told]
    await connection.execute(sql.BIND_SEEN, keys, [event for _, event in told])
    bound = {row["what"]: row["event"] for row in await connection.fetch(sql.BOUND, keys)}
    return [bound[work.what] == work.event for work in works]


async def write(connection: asyncpg.Connection, work: Work, _now: int) -> Answer:
    """One of the works that are rare enough to be written alone."""
    match work:
        case ReceiveLetters(letters, next_batch, device):
            rows = [_letter_row(letter) for letter in letters if _can_be_kept(letter)]
            new = await connection.fetch(sql.INSERT_LETTERS_IF_NEW, sql.as_json(rows))
            await connection.execute(sql.REMEMBER, SYNC_TOKEN, next_batch)
            if device is not None:
                await connection.execute(sql.REMEMBER, sync_token_of(device), next_batch)
            return [row["event"] for row in new]
        case SetAside(post, reason):
            await connection.execute(sql.SET_ASIDE, post, reason)
        case Remember(name, value):
            await connection.execute(sql.REMEMBER, name, value)
        case KeepWrappedKeys(keys, check):
            await connection.executemany(
                sql.KEEP_WRAPPED_KEY, [(person, key) for person, key in keys.items()]
            )
            await connection.execute(sql.CHANGE_VAULT_CHECK, check)
        case KeepVaultCheck(value):
            await connection.execute(sql.KEEP_VAULT_CHECK, value)
            return bool(await connection.fetchval(sql.VAULT_CHECK) == value)
        case _:
            raise TypeError(f"a {type(work).__name__} is written with others of its kind")
    return None


def _can_be_kept(letter: Letter) -> bool:
    """Whether PostgreSQL's texts can hold it. An id with a NUL is nobody's, and must not stop the others."""
    return "\x00" not in letter.event + letter.room + letter.sender


def _letter_row(letter: Letter) -> dict[str, object]:
    return {
        "event": letter.event,
        "room": letter.room,
        "sender": letter.sender,
        "received": microseconds(letter.received),
        "payload": letter.payload,
        "done": 0,
    }
