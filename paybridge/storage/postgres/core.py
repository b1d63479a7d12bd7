"""The writer's core on PostgreSQL: works in one transaction, each with an outcome of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

from paybridge.failpoints import failpoint
from paybridge.services.ports import StepRefusedError
from paybridge.storage.postgres import mail
from paybridge.storage.postgres.at_once import write_at_once
from paybridge.storage.postgres.refusals import WORKS_OWN, refusal
from paybridge.storage.postgres.steps import write_steps
from paybridge.storage.works import BindSeen, Failed, FinishLetter, MarkSent, WriteStep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paybridge.storage.works import Answer, Work

_WRITE_TOGETHER: Final[Mapping[type[Work], Any]] = {
    BindSeen: mail.bind_seen,
    FinishLetter: mail.finish,
    MarkSent: mail.mark_sent,
}
"""Works that are written with all others of their kind, in this order; steps follow them."""

_ITS_OWN: Final = (*WORKS_OWN, StepRefusedError, TypeError, ValueError, AttributeError, LookupError)


async def apply_all(
    connection: asyncpg.Connection, works: Sequence[Work], now: int, *, epoch: int = 0
) -> list[Answer | Failed]:
    """Write the works in one transaction and commit; a refused one leaves no trace, and the others stand.

    `now` in microseconds; `epoch` is that of the lease under which this process writes, 0 without one. What
    comes out of here means that nothing was committed, except that a connection which breaks during COMMIT
    leaves that open.
    """
    try:
        return await _apply_if_none_fails(connection, works, now, epoch)
    except _ITS_OWN:
        if connection.is_in_transaction():
            await connection.execute("ROLLBACK")
    return await _apply_one_by_one(connection, works, now, epoch)


async def _apply_if_none_fails(
    connection: asyncpg.Connection, works: Sequence[Work], now: int, epoch: int
) -> list[Answer | Failed]:
    """All works, those of one kind by few statements; what one of them raises comes out of here."""
    steps = [work.step for work in works if isinstance(work, WriteStep)]
    together = portions(works)
    if len(steps) == len(works) and len(together) == 1:
        # A transaction of its own: on its way to the server and back, nothing else would be waited for.
        failpoint("storage.before_commit")
        await write_at_once(connection, steps, now, epoch)
        failpoint("storage.after_commit")
        return [None] * len(works)
    await _begin(connection, epoch)
    answers: list[Answer | Failed] = [None] * len(works)
    for portion in together:
        by_kind = _by_kind(works, portion)
        for kind, write in _WRITE_TOGETHER.items():
            places = by_kind.pop(kind, [])
            told = await write(connection, [works[place] for place in places], now) if places else []
            for place, answer in zip(places, told, strict=True):
                answers[place] = answer
        some = [
            work.step for place in by_kind.pop(WriteStep, []) if isinstance(work := works[place], WriteStep)
        ]
        if some:
            await write_at_once(connection, some, now, epoch)
        for places in by_kind.values():
            for place in places:
                answers[place] = await mail.write(connection, works[place], now)
    await _commit(connection)
    return answers


def _by_kind(works: Sequence[Work], portion: Sequence[int]) -> dict[type[Work], list[int]]:
    found: dict[type[Work], list[int]] = {}
    for place in portion:
        found.setdefault(type(works[place]), []).append(place)
    return found


def portions(works: Sequence[Work]) -> list[list[int]]:
    """The places of works that touch nothing in common, so that their order among each other does not matter.

    Whoever touches something again comes in a later portion.
    """
    found: list[list[int]] = [[]]
    touched: set[tuple[str, str]] = set()
    looked_at: set[tuple[str, str]] = set()
    for place, work in enumerate(works):
        touches, looks_at = mail.touched_by(work), mail.looked_at_by(work)
        if not (touched.isdisjoint(touches | looks_at) and looked_at.isdisjoint(touches)):
            found.append([])
            touched, looked_at = set(), set()
        touched |= touches
        looked_at |= looks_at
        found[-1].append(place)
    return found


async def _apply_one_by_one(
    connection: asyncpg.Connection, works: Sequence[Work], now: int, epoch: int
) -> list[Answer | Failed]:
    await _begin(connection, epoch)
    outcomes: list[Answer | Failed] = []
    for work in works:
        await connection.execute("SAVEPOINT work")
        try:
            outcomes.append(await _write_alone(connection, work, now))
        except _ITS_OWN as error:
            await connection.execute("ROLLBACK TO work")
            outcomes.append(Failed(refusal(error)))
        await connection.execute("RELEASE work")
    await _commit(connection)
    return outcomes


async def _write_alone(connection: asyncpg.Connection, work: Work, now: int) -> Answer:
    if isinstance(work, WriteStep):
        await write_steps(connection, [work], now)
        return None
    if type(work) in _WRITE_TOGETHER:
        (answer,) = await _WRITE_TOGETHER[type(work)](connection, [work], now)
        told: Answer = answer
        return told
    return await mail.write(connection, work, now)


async def _begin(connection: asyncpg.Connection, epoch: int) -> None:
    """One trip for both; the lease stays as it is until this transaction ends."""
    await connection.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT fence({int(epoch)})")


async def _commit(connection: asyncpg.Connection) -> None:
    failpoint("storage.before_commit")
    await connection.execute("COMMIT")
    failpoint("storage.after_commit")
