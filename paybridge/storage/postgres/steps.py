"""Writes steps: what they answer, their records, their journals, their posts; kind by kind."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from paybridge.services.ports import AlreadyDoneError, StaleError, StepRefusedError
from paybridge.storage.chain import said_by
from paybridge.storage.kinds import KEY_OF, writing_order
from paybridge.storage.postgres import statements as sql
from paybridge.storage.postgres.mail import finish_letters
from paybridge.storage.rows import microseconds, row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from paybridge.domain.ledger import Journal
    from paybridge.services.ports import Post, Record
    from paybridge.storage.works import WriteStep

Row = dict[str, Any]


async def write_steps(
    connection: asyncpg.Connection, works: Sequence[WriteStep], now: int, *, singly: bool = False
) -> list[None]:
    """Write the steps inside the open transaction, or raise why one cannot be; `now` in microseconds.

    `singly`: record by record in the order that constraints between them ask for. Else they go kind by kind,
    in the order of their keys, so that no two writers wait for each other.
    """
    steps = [work.step for work in works]
    events = [event for step in steps for event in step.done]
    if events:
        finished = await finish_letters(connection, events, now)
        for event in events:
            if event not in finished:
                raise AlreadyDoneError(event)
    records = [record for step in steps for record in step.records]
    if singly:
        for record in sorted(records, key=writing_order):
            await _write_records(connection, type(record), [record])
    else:
        of_kind: dict[type[Record], list[Record]] = defaultdict(list)
        for record in sorted(records, key=writing_order):
            of_kind[type(record)].append(record)
        for kind, some in of_kind.items():
            await _write_records(connection, kind, some)
    journals = [journal for step in steps for journal in step.journals]
    if journals:
        await connection.execute(sql.BOOK, *_booking(journals, now))
    posts = [post for step in steps for post in step.posts]
    if posts:
        await connection.execute(sql.INSERT_POSTS, sql.as_json([_post_row(post) for post in posts]))
    return [None] * len(steps)


async def _write_records(
    connection: asyncpg.Connection, kind: type[Record], records: Iterable[Record]
) -> None:
    new: list[Row] = []
    changed: list[Row] = []
    for record in records:
        row = row_of(record)
        row["version"] = record.version + 1
        (changed if record.version else new).append(row)
    key = KEY_OF[kind]
    if changed:
        changed.sort(key=lambda row: str(row[key]))
        told = await connection.execute(sql.UPDATE_OF[kind], sql.as_json(changed))
        if told != f"UPDATE {len(changed)}":
            await _refuse_update(connection, kind, changed)
    if new:
        await connection.execute(sql.INSERT_OF[kind], sql.as_json(new))


async def _refuse_update(connection: asyncpg.Connection, kind: type[Record], rows: Sequence[Row]) -> None:
    """Of several rows, it need not be the first that was refused: the caller then goes one by one."""
    key, before = rows[0][KEY_OF[kind]], rows[0]["version"] - 1
    # The update itself has moved the version on where it was not refused.
    if await connection.fetchval(sql.VERSION_OF[kind], key) == before:
        raise StepRefusedError(f"{kind.__name__} {key} keeps its terms")
    raise StaleError(f"{kind.__name__} {key} has left version {before}")


def _booking(journals: Sequence[Journal], now: int) -> tuple[str, str]:
    accounts = {
        (line.account.owner, line.account.kind.value, line.amount.currency): None
        if line.account.kind.may_be_negative
        else 0
        for journal in journals
        for line in journal.lines
    }
    told = [
        {
            "idem": journal.idem,
            "kind": journal.kind,
            "transfer": journal.transfer,
            "created": now,
            "said": said_by(journal, now),
            "lines": [
                [line.account.owner, line.account.kind.value, line.amount.currency, line.amount.minor]
                for line in journal.lines
            ],
        }
        for journal in journals
    ]
    return sql.as_json([[*named, floor] for named, floor in sorted(accounts.items())]), sql.as_json(told)


def _post_row(post: Post) -> Row:
    return {
        "id": post.id,
        "room": post.room,
        "person": post.person,
        "slot": post.slot,
        "payload": post.payload,
        "created": microseconds(post.created),
        "state": "waiting",
    }
