"""Block lists: from whom a person takes no requests for money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.contact import Block
from paybridge.domain.errors import UserError
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Clock


class BlockingYourselfError(UserError):
    """Nobody asks themselves for money."""

    key = "error.blocking_yourself"


class NotBlockedError(UserError):
    """Their requests are taken."""

    key = "error.not_blocked"

    def lines(self) -> tuple[str, ...]:
        return ("!block list",)


class Blocking:
    """Who asks whom in vain. Only the person who blocks is ever told."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def block(self, owner: Known, other: Known) -> Step:
        """The step after which the owner takes no requests from `other`, who is told nothing."""
        if owner.person.id == other.person.id or owner.mxid == other.mxid:
            raise BlockingYourselfError
        kept = await self._book.block(owner.person.id, other.person.id)
        if kept is not None and kept.on:
            return Step()
        now = self._clock.now()
        if kept is not None:
            return Step(records=(replace(kept, on=True, since=now),))
        block = Block(
            f"{owner.person.id}|{other.person.id}", owner.person.id, other.person.id, on=True, since=now
        )
        return owner.introduction + other.introduction + Step(records=(block,))

    async def unblock(self, owner: Known, other: Known) -> Step:
        """The step after which their requests are taken again; raises NotBlockedError."""
        kept = await self._book.block(owner.person.id, other.person.id)
        if kept is None or not kept.on:
            raise NotBlockedError
        return Step(records=(replace(kept, on=False, since=self._clock.now()),))

    async def of(self, owner: Known) -> Sequence[str]:
        """The Matrix ids of everybody whom the owner has blocked, in their order."""
        found = [await self._book.mxids_of(other) for other in await self._book.blocked_by(owner.person.id)]
        return sorted(mxid for mxids in found for mxid in mxids)

    async def refuses(self, owner: str, other: str) -> bool:
        """Whether the person with the id `owner` takes no requests from `other`."""
        kept = await self._book.block(owner, other)
        return kept is not None and kept.on
