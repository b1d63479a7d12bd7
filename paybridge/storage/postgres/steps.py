"""Writes steps piece by piece: what they answer, their records, their journals, their posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.services.ports import AlreadyDoneError, StaleError, StepRefusedError
from paybridge.storage.kinds import KEY_OF, writing_order
from paybridge.storage.postgres import statements as sql
from paybridge.storage.postgres.mail import finish_letters
from paybridge.storage.postgres.rows import booking_of, looked_at, post_row
from paybridge.storage.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from paybridge.services.ports import Record
    from paybridge.storage.postgres.rows import Row
    from paybridge.storage.works import WriteStep


async def write_steps(connection: asyncpg.Connection, works: Sequence[WriteStep], now: int) -> list[None]:
    """Write the steps inside the open transaction, or raise why one cannot be; `now` in microseconds.

    Record by record, in the order that constraints between them ask for.
    """
    steps = [work.step for work in works]
    if events := [event for step in steps for event in step.done]:
        finished = await finish_letters(connection, events, now)
        for event in events:
            if event not in finished:
                raise AlreadyDoneError(event)
    await _lock_people(connection, looked_at(steps))
    for record in sorted((record for step in steps for record in step.records), key=writing_order):
        await _write_record(connection, record)
    if journals := [journal for step in steps for journal in step.journals]:
        await connection.execute(sql.BOOK, *booking_of(journals, now))
    for account, currency in [named for step in steps for named in step.empties]:
        # What comes in after this look comes after the step.
        if await connection.fetchval(sql.BALANCE, account.owner, account.kind.value, currency):
            raise StaleError(f"there is more in an account of {account.owner} than was known")
    if posts := [post_row(post) for step in steps for post in step.posts]:
        await connection.execute(sql.INSERT_POSTS, sql.as_json(posts))
    for person in [person for step in steps for person in step.forgets]:
        await connection.execute(sql.FORGET, person)
    return [None] * len(steps)


async def _lock_people(connection: asyncpg.Connection, rows: list[Row]) -> None:
    if rows and len(await connection.fetch(sql.LOCK_PEOPLE, sql.as_json(rows))) < len(rows):
        raise StaleError("who is to pay or be paid is not there for it any more")


async def _write_record(connection: asyncpg.Connection, record: Record) -> None:
    kind, before = type(record), record.version
    row = row_of(record) | {"version": before + 1}
    if not before:
        await connection.execute(sql.INSERT_OF[kind], sql.as_json([row]))
        return
    if await connection.execute(sql.UPDATE_OF[kind], sql.as_json([row])) == "UPDATE 1":
        return
    key = row[KEY_OF[kind]]
    if await connection.fetchval(sql.VERSION_OF[kind], key) == before:
        raise StepRefusedError(f"{kind.__name__} {key} keeps its terms")
    raise StaleError(f"{kind.__name__} {key} has left version {before}")
