"""What the use cases need of the book for memberships, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.membership import Club, Member

if TYPE_CHECKING:
    from collections.abc import Sequence

MembershipRecord = Club | Member


class MembershipBook(Protocol):
    """The part of the book that keeps what shops offer to members, and who these are."""

    async def club(self, club: str) -> Club | None: ...
    async def clubs(self, shop: str) -> Sequence[Club]:
        """What the shop offers now, oldest first."""

    async def member(self, member: str) -> Member | None: ...
    async def members(self, club: str) -> Sequence[Member]:
        """Everybody who ever joined, oldest first."""

    async def memberships_of(self, person: str) -> Sequence[Member]:
        """Everything that the person ever joined, oldest first."""
