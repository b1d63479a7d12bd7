"""What the use cases need of the book for kitties, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.kitty import Assent, Kitty, Proposal, Treasurer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.transfer import Transfer

KittyRecord = Kitty | Treasurer | Proposal | Assent


class KittyBook(Protocol):
    """The part of the book that keeps kitties."""

    async def kitty(self, kitty: str) -> Kitty | None: ...
    async def kitty_in(self, room: str) -> Kitty | None:
        """The room's open kitty, of which there is one at most."""

    async def kitties_of(self, person: str) -> Sequence[Kitty]:
        """Those whose treasurer the person is, oldest first."""

    async def treasurers(self, kitty: str) -> Sequence[Treasurer]:
        """All that it ever had, in the order of their Matrix ids."""

    async def proposals(self, kitty: str) -> Sequence[Proposal]:
        """All that was ever proposed, oldest first."""

    async def open_proposals(self, kitty: str) -> Sequence[Proposal]: ...
    async def assents(self, proposal: str) -> Sequence[Assent]:
        """Who approved it, in that order."""

    async def assented_lightly(self, person: str, currency: str) -> tuple[int, int]:
        """How many payments in this currency the person approved by code alone, and their minor units."""

    async def expired_proposals(self, at: datetime, limit: int) -> Sequence[Proposal]:
        """Open ones whose time was over at `at`, the longest over first."""

    async def next_proposal_expiry(self) -> datetime | None: ...
    async def put_into(self, kitty: str) -> Sequence[Transfer]:
        """Everything that was to be put in, in whatever state, oldest first."""

    async def paid_out_of(self, kitty: str) -> Sequence[Transfer]:
        """Everything that was to be paid, in whatever state, oldest first."""
