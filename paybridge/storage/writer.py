"""The writer: one thread that gathers concurrent work and commits it together before it answers."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from paybridge.services.ports import BookUnavailableError, StepRefusedError
from paybridge.storage.rows import microseconds
from paybridge.storage.steps import refusal, write_step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paybridge.services.ports import Clock, Step

T = TypeVar("T")

Work: TypeAlias = "Callable[[sqlite3.Connection, int], T]"
"""Something to write inside the open transaction, given the time in microseconds."""

_MOST_AT_ONCE: Final = 256  # keeps one commit, and so everyone's wait, in the order of 10 ms


@dataclass(frozen=True, slots=True)
class Failed:
    """A piece of work that was refused or broke; nothing of it is written."""

    error: Exception


def apply_steps(
    connection: sqlite3.Connection, steps: Sequence[Step], now: int
) -> list[StepRefusedError | None]:
    """Write the steps in one transaction and commit; a refused one leaves no trace, and the others stand.

    `now` in microseconds. Any `sqlite3.Error` that comes out of here means that nothing was committed.
    """
    outcomes = apply_all(connection, [partial(write_step, step) for step in steps], now)
    refused: list[StepRefusedError | None] = []
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            if not isinstance(outcome.error, StepRefusedError):
                raise outcome.error
            refused.append(outcome.error)
        else:
            refused.append(None)
    return refused


def apply_all(connection: sqlite3.Connection, works: Sequence[Work[Any]], now: int) -> list[Any]:
    """Do each work in one transaction, and commit: what each returned, or `Failed`."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if len(works) == 1:
            # Alone, it needs no savepoint: what undoes it undoes the transaction.
            outcomes = [_attempt(connection, works[0], now)]
            connection.execute("ROLLBACK" if isinstance(outcomes[0], Failed) else "COMMIT")
        else:
            outcomes = [_attempt_under_savepoint(connection, work, now) for work in works]
            connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _attempt_under_savepoint(connection: sqlite3.Connection, work: Work[T], now: int) -> T | Failed:
    connection.execute("SAVEPOINT work")
    outcome = _attempt(connection, work, now)
    if isinstance(outcome, Failed):
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")
    return outcome


def _attempt(connection: sqlite3.Connection, work: Work[T], now: int) -> T | Failed:
    try:
        return work(connection, now)
    except sqlite3.IntegrityError as error:
        return Failed(refusal(error))
    except (sqlite3.DataError, sqlite3.ProgrammingError) as error:
        return Failed(error)
    except sqlite3.DatabaseError:
        raise  # the database itself is in trouble, and so is everyone in this transaction
    except Exception as error:  # noqa: BLE001 - handed to the caller whose work it was; the others go on
        return Failed(error)


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    answer: asyncio.Future[Any]


class Writer:
    """Runs in the event loop that makes it; every caller is answered after the COMMIT that holds its work."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._connection: sqlite3.Connection | None = None
        self._gathered: list[_Job] = []
        self._batches: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write_on, name="paybridge-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """What `work` returned, once it is durable; else what it raised, or `BookUnavailableError`."""
        return await self.submit(work)

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Line `work` up; whatever is lined up later is never durable before it."""
        if self._closed:
            raise BookUnavailableError("the database is closed")
        job = _Job(work, self._loop.create_future())
        # Callers woken by one commit come back in one turn of the loop: hand them over together.
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(job)
        return job.answer

    async def close(self) -> None:
        """Finish what was asked for, then end the thread and its connection."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._gathered:
            self._batches.put(self._gathered)
            self._gathered = []

    # Below here: in the thread.

    def _write_on(self) -> None:
        going_on = True
        while going_on:
            batch = self._batches.get()
            jobs = batch or []
            going_on = batch is not None
            while going_on and len(jobs) < _MOST_AT_ONCE and not self._batches.empty():
                more = self._batches.get()
                going_on = more is not None
                jobs = jobs + (more or [])
            if jobs:
                outcomes = self._outcomes(jobs)
                self._loop.call_soon_threadsafe(_answer_all, jobs, outcomes)
        self._drop_connection()

    def _outcomes(self, jobs: list[_Job]) -> list[Any]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            return apply_all(self._connection, [job.work for job in jobs], microseconds(self._clock.now()))
        except Exception as error:  # noqa: BLE001 - the callers are told, and the next batch tries afresh
            self._drop_connection()
            return [_unavailable(error) for _ in jobs]

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _unavailable(error: Exception) -> Failed:
    unavailable = BookUnavailableError(str(error))
    unavailable.__cause__ = error
    return Failed(unavailable)


def _answer_all(jobs: list[_Job], outcomes: list[Any]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.answer.done():  # its caller was cancelled; the work is written all the same
            continue
        if isinstance(outcome, Failed):
            job.answer.set_exception(outcome.error)
        else:
            job.answer.set_result(outcome)
