"""Writes the log of what operators do, each act in the step that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.acts import NOTHING_MORE, ActKind, Deal, Via, follow
from paybridge.services.ports import Book, Clock, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.acts import Act


class ActLog:
    """The log, of which only the end grows: of two steps that write the same place one is stale."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def write(self, by: str, kind: ActKind, deal: Deal = NOTHING_MORE, via: Via = Via.ROOM) -> Step:
        """What is to be written together with the act itself."""
        last = await self._book.admin.last_act()
        return Step(records=(follow(last, self._clock.now(), by, via, kind, deal),))

    async def newest(self, limit: int) -> Sequence[Act]:
        """The newest acts, newest first."""
        return await self._book.admin.acts(limit)
