"""Whose turn it is: of several processes on one database one acts, and the others wait for it to end."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.app.supervisor import FatalError
from paybridge.services.ports import BookUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from paybridge.app.supervisor import Task
    from paybridge.services.lease import Lease

log = structlog.stdlib.get_logger(__name__)

EVERY_SECONDS: Final = 3.0
"""How often the lease is asked for, and renewed; much less than it is lent for."""


class Turn:
    """Holds the lease for this process, or waits for it."""

    def __init__(
        self,
        lease: Lease,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._pause = pause
        self._now = now
        self._ours_until = -math.inf
        self._come = asyncio.Event()

    @property
    def waiting(self) -> bool:
        """Whether another process acts."""
        return not self._come.is_set()

    @property
    def sure(self) -> bool:
        """Whether this process acts, and no other can have taken over since it last asked."""
        return not self.waiting and self._now() < self._ours_until

    async def comes(self) -> None:
        """Return once this process is the one that acts."""
        await self._come.wait()

    def when_it_comes(self, tasks: Mapping[str, Task]) -> dict[str, Task]:
        """The same tasks, each of which begins only then."""
        return {name: self._waiting_for_it(task) for name, task in tasks.items()}

    async def run(self) -> None:
        """Ask for the lease until it is ours, then keep it. `FatalError` if another process has taken it."""
        asked = self._now()
        while not await self._lease.acquire():
            log.info("stands by", why="another process acts on this database")
            await self._pause(EVERY_SECONDS)
            asked = self._now()
        self._ours_until = asked + self._lease.span
        self._come.set()
        while True:
            await self._pause(EVERY_SECONDS)
            asked = self._now()
            try:
                still_ours = await self._lease.renew()
            except BookUnavailableError as error:
                # Nothing can be written meanwhile, and whoever takes over raises the epoch.
                log.warning("lease not renewed", why=str(error))
                continue
            if not still_ours:
                raise FatalError("another process has taken the database over; this one must not go on")
            self._ours_until = asked + self._lease.span

    async def end(self) -> None:
        """Let another process follow at once."""
        try:
            await self._lease.release()
        except BookUnavailableError as error:
            log.warning("lease not given back", why=str(error))

    def _waiting_for_it(self, task: Task) -> Task:
        async def wait_and_run() -> None:
            await self.comes()
            await task()

        return wait_and_run
