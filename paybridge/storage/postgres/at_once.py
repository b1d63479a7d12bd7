"""Writes many steps with one statement, a transaction of its own: one trip to the server for all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from paybridge.storage.kinds import KEY_OF, writing_order
from paybridge.storage.postgres import statements as sql
from paybridge.storage.postgres.rows import booking_of, letter_done, looked_at, post_row
from paybridge.storage.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import asyncpg

    from paybridge.services.ports import Record, Step


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement about rows, each of which it must write or find."""

    sql: str
    rows: Sequence[dict[str, Any]]


async def write_at_once(connection: asyncpg.Connection, steps: Sequence[Step], now: int, epoch: int) -> None:
    """Write steps that touch nothing in common, or raise one of `WORKS_OWN`; `now` in microseconds.

    Outside of a transaction they are committed with it. It is not said which step was refused, nor why: that
    shows when each is written alone.
    """
    if any(step.empties or step.forgets for step in steps):
        raise LookupError(
            "what an account holds in the end is looked up alone, and who is forgotten goes alone"
        )
    parts = list(_parts(steps, now))
    journals = [journal for step in steps for journal in step.journals]
    values: list[object] = [epoch, *(sql.as_json(part.rows) for part in parts)]
    values += [len(part.rows) for part in parts]
    if journals:
        values += booking_of(journals, now)
    asked = _joined(tuple(part.sql for part in parts), books=bool(journals))
    await connection.execute(asked, *values)


def _parts(steps: Sequence[Step], now: int) -> Iterator[_Part]:
    """In one order for every writer, so that no two wait for each other; the books come after all of them."""
    if events := {event for step in steps for event in step.done}:
        yield _Part(sql.FINISH_LETTERS, [letter_done(event, now) for event in sorted(events)])
    if people := looked_at(steps):
        # Before what the steps write: whoever freezes somebody locks the person first as well.
        yield _Part(sql.LOCK_PEOPLE, people)
    of_kind: dict[type[Record], list[Record]] = defaultdict(list)
    for record in sorted((record for step in steps for record in step.records), key=writing_order):
        of_kind[type(record)].append(record)
    for kind, records in of_kind.items():
        rows = [(record.version, row_of(record) | {"version": record.version + 1}) for record in records]
        if changed := [row for version, row in rows if version]:
            yield _Part(sql.UPDATE_OF[kind], sorted(changed, key=lambda row: str(row[KEY_OF[kind]])))
        if new := [row for version, row in rows if not version]:
            yield _Part(sql.INSERT_OF[kind], new)
    if posts := [post_row(post) for step in steps for post in step.posts]:
        yield _Part(sql.INSERT_POSTS, posts)


@lru_cache(maxsize=256)
def _joined(parts: Sequence[str], *, books: bool) -> str:
    """One statement of all parts; where one wrote fewer rows than it was given, all of it comes to nothing.

    Parameters: the epoch of the lease, the rows of each part, how many they are, and what `book` takes.
    """
    written, expected = [], []
    for place, part in enumerate(parts, start=2):
        returning = "" if "RETURNING" in part or part.startswith("SELECT") else " RETURNING 1"
        written.append(f"part{place} AS ({part.replace('$1', f'${place}')}{returning})")
        expected.append(f"(SELECT count(*) FROM part{place}) = ${place + len(parts)}")  # noqa: S608 - our own names
    after = 2 + 2 * len(parts)
    booked = f", book(${after}::jsonb, ${after + 1}::jsonb)" if books else ""
    with_parts = f"WITH {', '.join(written)} " if parts else ""
    # Evaluated from the left: the lease, then the parts in their order, and dividing by zero undoes them.
    return f"{with_parts}SELECT fence($1), 1 / ({' AND '.join(expected) or 'true'})::integer{booked}"
