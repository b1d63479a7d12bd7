"""An event loop whose time is a number: it jumps to the next thing that is due, and nobody waits."""

from __future__ import annotations

import asyncio
from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeVarTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


Ts = TypeVarTuple("Ts")


class StuckError(Exception):
    """Everybody waits for somebody, and nothing will ever happen."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order of their time, then of their making: the same in every run.

    Scheduling is as asyncio's own, without its looks for sockets and its watch over slow callbacks: a seed
    schedules more than a thousand things.
    """

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        self._made = 0
        self._due: list[tuple[float, int, asyncio.Handle]] = []
        self._soon: deque[asyncio.Handle] = deque()

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._virtual

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._virtual + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.Handle(callback, args, self, context)
        self._made += 1
        heappush(self._due, (when, self._made, handle))
        return cast("asyncio.TimerHandle", handle)  # nobody asks it for its time

    def _run_once(self) -> None:
        """One round of everything that is due; if nothing is, time jumps to what comes next."""
        soon, due = self._soon, self._due
        while not soon:
            if not due:
                raise StuckError
            self._virtual = max(self._virtual, due[0][0])
            while due and due[0][0] <= self._virtual:
                handle = heappop(due)[2]
                if not handle.cancelled():
                    soon.append(handle)
        for _ in range(len(soon)):
            handle = soon.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001 - what a loop does with its handles

    def _process_events(self, _events: object) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There is no other thread that could wake this one."""
