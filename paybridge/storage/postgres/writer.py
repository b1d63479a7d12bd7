"""The writer: one connection that takes gathered works and commits them together before it answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from paybridge.services.lease import FencedError
from paybridge.services.ports import BookUnavailableError
from paybridge.storage.moments import microseconds
from paybridge.storage.postgres.connection import WRITING, close
from paybridge.storage.postgres.core import apply_all
from paybridge.storage.works import Failed
from paybridge.storage.writing import Gathering, Job, answer_all, unavailable

if TYPE_CHECKING:
    from paybridge.services.ports import Clock
    from paybridge.storage.postgres.connection import Server
    from paybridge.storage.works import Answer, Work

_MOST_AT_ONCE: Final = 256  # keeps one commit, and so everyone's wait, in the order of 50 ms
_TRIES: Final = 3

_FENCED: Final = "PB001"
_TRY_AGAIN: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


@dataclass(slots=True)
class Epoch:
    """That of the lease under which this process writes; 0 while it holds none."""

    number: int = 0


class PostgresWriter:
    """Runs in the event loop that makes it; every caller is answered after the COMMIT that holds its work."""

    def __init__(self, server: Server, clock: Clock, epoch: Epoch) -> None:
        self._server = server
        self._clock = clock
        self._epoch = epoch
        self._loop = asyncio.get_running_loop()
        self._connection: asyncpg.Connection | None = None
        self.works = True
        """Whether the last batch could be written."""

        self._waiting: list[Job] = []
        self._writing: asyncio.Task[None] | None = None
        self._gathering = Gathering(self._take)

    async def run(self, work: Work) -> Answer:
        return await self._gathering.submit(work)

    def submit(self, work: Work) -> asyncio.Future[Answer]:
        return self._gathering.submit(work)

    async def close(self) -> None:
        """Finish what was asked for, then close the connection."""
        self._gathering.close()
        if self._writing is not None:
            await self._writing
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    def _take(self, jobs: list[Job]) -> None:
        self._waiting += jobs
        if self._writing is None:
            # Nobody's own task: a caller that gives up must take nobody along. `close` waits for it.
            self._writing = self._loop.create_task(self._write_on(), name="paybridge-writer")

    async def _write_on(self) -> None:
        while self._waiting:
            jobs, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            outcomes = await self._outcomes([job.work for job in jobs])
            self.works = not all(map(_came_to_nothing, outcomes))
            answer_all(jobs, outcomes)
        self._writing = None

    async def _outcomes(self, works: list[Work]) -> list[Answer | Failed]:
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return await self._write(works)
            except _TRY_AGAIN as error:
                # Whoever writes beside us was first. Nothing of it is written, so that it may be tried again.
                if last:
                    return [unavailable(error) for _ in works]
            except Exception as error:  # noqa: BLE001 - the callers are told, and the next batch tries afresh
                return [unavailable(error) for _ in works]
        raise AssertionError  # the last turn returns

    async def _write(self, works: list[Work]) -> list[Answer | Failed]:
        connection = self._connection
        if connection is None or connection.is_closed():
            connection = self._connection = await self._server.connect(WRITING)
        try:
            now = microseconds(self._clock.now())
            return await apply_all(connection, works, now, epoch=self._epoch.number)
        except asyncpg.PostgresError as error:
            await self._drop(connection)
            if error.sqlstate == _FENCED:
                raise FencedError(str(error)) from error
            raise
        except BaseException:
            await self._drop(connection)
            raise

    async def _drop(self, connection: asyncpg.Connection) -> None:
        self._connection = None
        connection.terminate()


def _came_to_nothing(outcome: Answer | Failed) -> bool:
    return isinstance(outcome, Failed) and isinstance(outcome.error, BookUnavailableError)
