"""What the book answers about memberships, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, text

from paybridge.storage import membership_rows
from paybridge.storage.membership_tables import IS_OPEN_CLUB, club, member

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.membership import Club, Member
    from paybridge.storage.reading import Reading

CLUB: Final = select(club).where(club.c.id == bindparam("id"))
CLUBS: Final = (
    select(club)
    .where(text(f"club.{IS_OPEN_CLUB}"), club.c.shop == bindparam("shop"))
    .order_by(club.c.created, club.c.id)
)
MEMBER: Final = select(member).where(member.c.id == bindparam("id"))
MEMBERS: Final = (
    select(member).where(member.c.club == bindparam("club")).order_by(member.c.joined, member.c.id)
)
MEMBERSHIPS_OF: Final = (
    select(member).where(member.c.person == bindparam("person")).order_by(member.c.joined, member.c.id)
)


class MembershipReading:
    """The part of the book that keeps memberships."""

    _reader: Reading

    async def club(self, club: str) -> Club | None:
        row = await self._reader.first(CLUB, {"id": club})
        return None if row is None else membership_rows.club_of(row)

    async def clubs(self, shop: str) -> Sequence[Club]:
        return [membership_rows.club_of(row) for row in await self._reader.rows(CLUBS, {"shop": shop})]

    async def member(self, member: str) -> Member | None:
        row = await self._reader.first(MEMBER, {"id": member})
        return None if row is None else membership_rows.member_of(row)

    async def members(self, club: str) -> Sequence[Member]:
        return [membership_rows.member_of(row) for row in await self._reader.rows(MEMBERS, {"club": club})]

    async def memberships_of(self, person: str) -> Sequence[Member]:
        rows = await self._reader.rows(MEMBERSHIPS_OF, {"person": person})
        return [membership_rows.member_of(row) for row in rows]
