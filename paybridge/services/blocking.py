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
        on = await self._on(owner.person.id, other.person.id)
        if not on:
            raise NotBlockedError
        now = self._clock.now()
        return Step(records=tuple(replace(kept, on=False, since=now) for kept in on))

    async def of(self, owner: Known) -> Sequence[str]:
        """The Matrix ids of everybody whom the owner has blocked, in their order."""
        blocked = await self._book.blocked_by(owner.person.id)
        people = {await self._book.ties.heir(other) or other for other in blocked}
        found = [await self._book.mxids_of(other) for other in people]
        return sorted(mxid for mxids in found for mxid in mxids)

    async def refuses(self, owner: str, other: str) -> bool:
        """Whether the person with the id `owner` takes no requests from `other`."""
        return bool(await self._on(owner, other))

    async def _on(self, owner: str, other: str) -> Sequence[Block]:
        """The owner's blocks of this person, and of what ghosts of theirs were before they were theirs."""
        everyone = (other, *await self._book.ties.formers(other))
        found = [await self._book.block(owner, one) for one in everyone]
        return [kept for kept in found if kept is not None and kept.on]
