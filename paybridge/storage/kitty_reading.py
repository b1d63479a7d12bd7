"""What the book answers about kitties, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Text, bindparam, func, select, text

from paybridge.domain.kitty import ProposalState
from paybridge.storage import kitty_rows, rows
from paybridge.storage.kitty_tables import IS_OPEN, assent, kitty, proposal, treasurer
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.tables import transfer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.kitty import Assent, Kitty, Proposal, Treasurer
    from paybridge.domain.transfer import Transfer
    from paybridge.storage.reading import Reading

_KITTY: Final = bindparam("kitty", type_=Text)
_PERSON: Final = bindparam("person", type_=Text)
_OPEN_PROPOSAL: Final = text(f"proposal.{IS_OPEN}")

KITTY: Final = select(kitty).where(kitty.c.id == bindparam("id"))
KITTY_IN: Final = select(kitty).where(text(f"kitty.{IS_OPEN}"), kitty.c.room == bindparam("room"))
TREASURERS: Final = select(treasurer).where(treasurer.c.kitty == _KITTY).order_by(treasurer.c.mxid)
TREASURES: Final = (
    select(kitty)
    .select_from(treasurer.join(kitty, kitty.c.id == treasurer.c.kitty))
    .where(treasurer.c.person == _PERSON, treasurer.c.active == 1)
    .order_by(kitty.c.created)
)
PROPOSALS: Final = select(proposal).where(proposal.c.kitty == _KITTY).order_by(proposal.c.created)
ASSENTS: Final = (
    select(assent).where(assent.c.proposal == bindparam("proposal", type_=Text)).order_by(assent.c.at)
)
LIGHTLY: Final = (
    select(func.count().label("count"), func.coalesce(func.sum(proposal.c.amount), 0).label("sum"))
    .select_from(assent.join(proposal, proposal.c.id == assent.c.proposal))
    .where(
        assent.c.person == _PERSON,
        assent.c.approves == 1,
        assent.c.strong == 0,
        proposal.c.currency == bindparam("currency"),
    )
)
EXPIRED: Final = (
    select(proposal)
    .where(_OPEN_PROPOSAL, proposal.c.expires <= bindparam("at", type_=BigInteger))
    .order_by(proposal.c.expires)
    .limit(bindparam("limit", type_=BigInteger))
)
NEXT_EXPIRY: Final = select(func.min(proposal.c.expires)).where(_OPEN_PROPOSAL)
PUT: Final = select(transfer).where(transfer.c.payee == _KITTY).order_by(transfer.c.created)
PAID: Final = select(transfer).where(transfer.c.payer == _KITTY).order_by(transfer.c.created)


class KittyReading:
    """The part of the book that keeps kitties."""

    _reader: Reading

    async def kitty(self, kitty: str) -> Kitty | None:
        row = await self._reader.first(KITTY, {"id": kitty})
        return None if row is None else kitty_rows.kitty_of(row)

    async def kitty_in(self, room: str) -> Kitty | None:
        row = await self._reader.first(KITTY_IN, {"room": room})
        return None if row is None else kitty_rows.kitty_of(row)

    async def kitties_of(self, person: str) -> Sequence[Kitty]:
        return [kitty_rows.kitty_of(row) for row in await self._reader.rows(TREASURES, {"person": person})]

    async def treasurers(self, kitty: str) -> Sequence[Treasurer]:
        listed = await self._reader.rows(TREASURERS, {"kitty": kitty})
        return [kitty_rows.treasurer_of(row) for row in listed]

    async def proposals(self, kitty: str) -> Sequence[Proposal]:
        return [kitty_rows.proposal_of(row) for row in await self._reader.rows(PROPOSALS, {"kitty": kitty})]

    async def open_proposals(self, kitty: str) -> Sequence[Proposal]:
        return [one for one in await self.proposals(kitty) if one.state is ProposalState.OPEN]

    async def assents(self, proposal: str) -> Sequence[Assent]:
        listed = await self._reader.rows(ASSENTS, {"proposal": proposal})
        return [kitty_rows.assent_of(row) for row in listed]

    async def assented_lightly(self, person: str, currency: str) -> tuple[int, int]:
        row = await self._reader.first(LIGHTLY, {"person": person, "currency": currency})
        return (0, 0) if row is None else (int(row["count"]), int(row["sum"]))

    async def expired_proposals(self, at: datetime, limit: int) -> Sequence[Proposal]:
        asked = {"at": microseconds(at), "limit": limit}
        return [kitty_rows.proposal_of(row) for row in await self._reader.rows(EXPIRED, asked)]

    async def next_proposal_expiry(self) -> datetime | None:
        earliest = await self._reader.scalar(NEXT_EXPIRY, {})
        return None if earliest is None else moment(earliest)

    async def put_into(self, kitty: str) -> Sequence[Transfer]:
        return [rows.transfer_of(row) for row in await self._reader.rows(PUT, {"kitty": kitty})]

    async def paid_out_of(self, kitty: str) -> Sequence[Transfer]:
        return [rows.transfer_of(row) for row in await self._reader.rows(PAID, {"kitty": kitty})]
