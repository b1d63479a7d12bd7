"""The writer: one thread that takes gathered works and commits them together before it answers."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Final

from paybridge.storage.moments import microseconds
from paybridge.storage.sqlite.core import apply_all
from paybridge.storage.writing import Gathering, Job, answer_all, unavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from paybridge.services.ports import Clock
    from paybridge.storage.works import Answer, Failed, Work

_MOST_AT_ONCE: Final = 256  # keeps one commit, and so everyone's wait, in the order of 10 ms


class SqliteWriter:
    """Runs in the event loop that makes it; every caller is answered after the COMMIT that holds its work."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._connection: sqlite3.Connection | None = None
        self.works = True
        """Whether the last batch could be written."""

        self._batches: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._gathering = Gathering(self._batches.put)
        self._thread = threading.Thread(target=self._write_on, name="paybridge-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work) -> Answer:
        return await self._gathering.submit(work)

    def submit(self, work: Work) -> asyncio.Future[Answer]:
        return self._gathering.submit(work)

    async def close(self) -> None:
        """Finish what was asked for, then end the thread and its connection."""
        if self._gathering.close():
            self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

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
                self._loop.call_soon_threadsafe(answer_all, jobs, outcomes)
        self._drop_connection()

    def _outcomes(self, jobs: list[Job]) -> list[Answer | Failed]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            now = microseconds(self._clock.now())
            outcomes = apply_all(self._connection, [job.work for job in jobs], now)
            self.works = True
        except Exception as error:  # noqa: BLE001 - the callers are told, and the next batch tries afresh
            self.works = False
            self._drop_connection()
            return [unavailable(error) for _ in jobs]
        return outcomes

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
