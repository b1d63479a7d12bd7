"""Bells wake the tasks that wait for work, so that nothing has to poll."""

from __future__ import annotations

import asyncio


class Bell:
    """One task's bell. A ring that comes while nobody waits is kept for the next wait; several are one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or the next one who does."""
        self._rung.set()

    async def wait(self, timeout: float | None) -> bool:  # noqa: ASYNC109  to wake without a ring is its normal use
        """Wait for a ring, but no longer than `timeout` seconds if given; True if it rang."""
        try:
            async with asyncio.timeout(timeout):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Bells:
    """All bells of the house, as the `Wakeup` that the use cases ring, from the event loop only."""

    def __init__(self) -> None:
        self._bells: dict[str, Bell] = {}

    def bell(self, name: str) -> Bell:
        """The bell of this name; each task that waits needs one of its own."""
        return self._bells.setdefault(name, Bell())

    def ring(self) -> None:
        """Ring every bell."""
        for bell in self._bells.values():
            bell.ring()
