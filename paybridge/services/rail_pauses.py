"""Pausing a rail for new payments, and letting it take them again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.acts import ActKind, Deal
from paybridge.domain.errors import UserError
from paybridge.domain.rail_pause import RailPause, RailPausedError
from paybridge.services.ports import Book, Clock, Step

if TYPE_CHECKING:
    from collections.abc import Collection

    from paybridge.services.act_log import ActLog


class NoSuchRailError(UserError):
    """No rail that is set up is called so."""

    key = "error.no_such_rail"

    def __init__(self, *, typed: str, rails: str) -> None:
        super().__init__(typed=typed, rails=rails)


class PausedAlreadyError(UserError):
    """The rail is paused, or is not, as it should become."""

    key = "error.paused_already"

    def __init__(self, *, rail: str) -> None:
        super().__init__(rail=rail)


async def check_not_paused(book: Book, rails: Collection[str]) -> None:
    """Raise `RailPausedError` if one of these rails takes no new payments."""
    paused = {one.rail for one in await book.admin.paused()} if rails else set()
    for rail in sorted(paused.intersection(rails)):
        raise RailPausedError(rail=rail)


class RailPauses:
    """The use cases around `!admin rails`."""

    def __init__(self, book: Book, clock: Clock, acts: ActLog) -> None:
        self._book = book
        self._clock = clock
        self._acts = acts

    async def pause(self, admin: str, rail: str) -> Step:
        """Let the rail take no new payments; what is on its way goes on. `PausedAlreadyError` if it is."""
        kept = await self._book.admin.pause(rail) or RailPause(rail, None, admin)
        if kept.since is not None:
            raise PausedAlreadyError(rail=rail)
        pause = replace(kept, since=self._clock.now(), by=admin)
        return Step(records=(pause,)) + await self._acts.write(admin, ActKind.PAUSE, Deal(told=rail))

    async def resume(self, admin: str, rail: str) -> Step:
        """Let it take them again; `PausedAlreadyError` if it does."""
        kept = await self._book.admin.pause(rail)
        if kept is None or kept.since is None:
            raise PausedAlreadyError(rail=rail)
        resumed = replace(kept, since=None, by=admin)
        return Step(records=(resumed,)) + await self._acts.write(admin, ActKind.RESUME, Deal(told=rail))
