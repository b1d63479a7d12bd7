"""Once a day operators are told the last hash of the ledger's chain: whoever keeps it can prove the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    from paybridge.services.admin_room import AdminRoom
    from paybridge.services.ports import Clock

LOOK_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Head:
    """How many journals there are, and the hash of the last one in hex."""

    journals: int
    hash: str


class HeadBeside(Protocol):
    """The ledger as it is at a moment."""

    async def head(self) -> Head | None:
        """The end of its chain; None if nothing was ever booked."""


class LedgerHead:
    """Says the head on each day (UTC) once; `pause` waits for seconds."""

    def __init__(
        self,
        books: HeadBeside,
        clock: Clock,
        admin: AdminRoom,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._books = books
        self._clock = clock
        self._admin = admin
        self._pause = pause
        self._said: date | None = None

    async def run(self) -> None:
        """Say it for ever."""
        while True:
            await self.look()
            await self._pause(LOOK_SECONDS)

    async def look(self) -> None:
        """Say it if it was not said today."""
        today = self._clock.now().date()
        if today == self._said or (head := await self._books.head()) is None:
            return
        await self._admin.say(f"head/{today}", "ledger.head", {"journals": head.journals, "head": head.hash})
        self._said = today
