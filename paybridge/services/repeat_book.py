"""What the use cases need of the book for repeats, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.repeat import Instalment, Repeat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

RepeatRecord = Repeat | Instalment


class RepeatBook(Protocol):
    """The part of the book that keeps repeats and what was paid for each period."""

    async def repeat(self, repeat: str) -> Repeat | None: ...
    async def repeats_of(self, payer: str) -> Sequence[Repeat]:
        """Those of the person that have not ended, offered ones too, oldest first."""

    async def repeats_for(self, club: str) -> Sequence[Repeat]:
        """Those that pay for this membership and have not ended."""

    async def repeats_of_member(self, club: str, payer: str) -> Sequence[Repeat]:
        """All by which the person ever paid for this membership, or was to, the newest first."""

    async def due_repeats(self, at: datetime, limit: int) -> Sequence[Repeat]:
        """Those about which something is to be done (`act`) at `at` or before, oldest first."""

    async def ended_repeats(self, limit: int) -> Sequence[Repeat]:
        """Those whose payment that was under way is so no longer."""

    async def next_repeat(self) -> datetime | None:
        """When something is to be done about a repeat next; long ago, where a payment has ended."""

    async def instalment(self, instalment: str) -> Instalment | None: ...
    async def instalments(self, repeat: str) -> Sequence[Instalment]:
        """What was paid for each period of it, in their order."""
