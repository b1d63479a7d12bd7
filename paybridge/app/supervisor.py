"""Keeps the house's tasks running: one that fails is started again later, and takes no other down."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.stdlib.get_logger(__name__)

Task = Callable[[], Awaitable[None]]
"""Work that goes on until it is cancelled."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class FatalError(Exception):
    """Going on would do harm or make no sense; the text is one line for the operator."""


class EndedError(Exception):
    """A task that should go on for ever came to its end."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a failed task waits, in seconds: `first`, then twice as long each time up to `most`.

    A task that has run for `steady` seconds since its last failure counts as well again. `jitter` gives a
    number from 0 to 1, which takes away up to half of a wait: what failed together shall not return together.
    """

    jitter: Callable[[], float]
    first: float = 0.5
    most: float = 60.0
    steady: float = 10.0

    def wait(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        full: float = min(self.first * 2.0 ** min(failures - 1, 30), self.most)
        return full * (1 - self.jitter() / 2)


@dataclass(slots=True)
class _Health:
    """How one task fares. `running_since` is None while it waits to be started again."""

    reason: str | None = None
    failures: int = 0
    running_since: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs named tasks until it is told to stop or a fatal error happens.

    `fatal` are the errors that stop everything. `patience` is how many seconds tasks have to end in when all
    stops; what takes longer is named in the log and left behind. `monotonic` counts seconds.
    """

    backoff: Backoff
    monotonic: Callable[[], float]
    fatal: tuple[type[Exception], ...] = (FatalError,)
    patience: float = 1.5
    _health: dict[str, _Health] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _fatal_error: Exception | None = None

    async def run(self, tasks: Mapping[str, Task]) -> None:
        """Keep `tasks` running until `stop`, SIGTERM or SIGINT; raise a fatal error when all have ended."""
        with self._signals():
            for name, task in tasks.items():
                self._start(name, self._keep(name, task))
            try:
                await self._stopping.wait()
            finally:
                await self._end_all()
        if self._fatal_error is not None:
            raise self._fatal_error

    def stop(self) -> None:
        """Have `run` end all tasks and return."""
        self._stopping.set()

    def keep(self, name: str, task: Task) -> None:
        """Keep one more task running, from now until all end."""
        if not self._stopping.is_set():
            self._start(name, self._keep(name, task))

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run something once, beside the tasks; if it fails, that is logged and nothing else happens."""
        if self._stopping.is_set():
            work.close()
            return
        self._start(name, self._once(name, work))

    def failing(self) -> Mapping[str, str]:
        """The tasks that are not well, each with a reason that holds no secret."""
        return {
            name: health.reason
            for name, health in self._health.items()
            if health.reason and not self._well(health)
        }

    def _well(self, health: _Health) -> bool:
        since = health.running_since
        return since is not None and self.monotonic() - since >= self.backoff.steady

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _once(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except self.fatal as error:
            self._give_up(name, error)
        except Exception:
            log.exception("work failed", task=name)

    async def _keep(self, name: str, task: Task) -> None:
        health = self._health[name] = _Health()
        while True:
            health.running_since = self.monotonic()
            try:
                await _for_ever(task)
            except self.fatal as error:
                self._give_up(name, error)
                return
            except Exception as error:
                if self._well(health):
                    health.failures = 0
                health.failures += 1
                health.reason = f"failed: {type(error).__name__}"
                health.running_since = None
                wait = self.backoff.wait(health.failures)
                log.exception("task failed", task=name, failures=health.failures, again_in=round(wait, 1))
            await asyncio.sleep(wait)

    def _give_up(self, name: str, error: Exception) -> None:
        log.critical("fatal error, stopping", task=name, error=str(error))
        self._fatal_error = self._fatal_error or error
        self.stop()

    async def _end_all(self) -> None:
        ending = set(self._running)
        for task in ending:
            task.cancel()
        if ending:
            _, stuck = await asyncio.wait(ending, timeout=self.patience)
            for task in stuck:
                log.error("task does not end", task=task.get_name())

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            # From here on a second signal ends the process as usual.
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


async def _for_ever(task: Task) -> NoReturn:
    await task()
    raise EndedError
