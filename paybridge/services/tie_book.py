"""What the book knows of ghosts that speak for people of Matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.tie import Guesses, Tie

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.people import Identity

TieRecord = Tie | Guesses


class TieBook(Protocol):
    """A part of the book."""

    async def of_ghost(self, ghost: str) -> Tie | None:
        """The tie that holds of this ghost (Matrix id), even if it may do nothing at the moment."""

    async def of_person(self, person: str) -> Sequence[Tie]:
        """Every tie of the person, also those that are over, oldest first."""

    async def waiting(self, person: str) -> Tie | None:
        """The newest of the person's whose code was given, or was said; its time may be over."""

    async def of_code(self, code: str) -> Tie | None: ...
    async def offered_since(self, person: str, since: datetime) -> int:
        """How many codes the person was given since then."""

    async def formers(self, person: str) -> Sequence[str]:
        """What the ghosts that ever became this person's were before (ids of persons)."""

    async def heir(self, former: str) -> str | None:
        """The person whose ghost was `former` by itself (both are ids of persons)."""

    async def guesses(self, ghost: str) -> Guesses | None: ...
    async def identity(self, mxid: str) -> Identity | None: ...
