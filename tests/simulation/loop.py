"""An event loop whose time is a number: it jumps to the next thing that is due, and nobody waits."""

from __future__ import annotations

import asyncio
from typing import Final

RESOLUTION: Final = 1e-6
"""Seconds that are one moment: sums of floats are that much off."""


class StuckError(Exception):
    """Everybody waits for somebody, and nothing will ever happen."""


class _NoSelector:
    """Stands where the loop looks for sockets: there are none, so that waiting is only a jump in time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> tuple[()]:
        if timeout is None:
            raise StuckError
        self._loop.jump(timeout)
        return ()


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order of their time, then of their making: the same in every run."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        self._clock_resolution = RESOLUTION
        self._selector = _NoSelector(self)

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._virtual

    def jump(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._virtual += seconds

    def _process_events(self, _events: object) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There is no other thread that could wake this one."""
