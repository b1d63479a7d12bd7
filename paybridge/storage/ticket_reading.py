"""What the book answers about events and tickets, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, BindParameter, bindparam, func, select, text

from paybridge.storage import ticket_rows as rows
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.ticket_tables import (
    IS_GOOD,
    IS_LISTED,
    IS_OFFERED,
    IS_ON_SALE,
    IS_THERE,
    IS_WAITING,
    booking,
    doorkeeper,
    gig,
    ticket,
    wait,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.ticket import Booking, Doorkeeper, Gig, Ticket, Wait
    from paybridge.storage.reading import Reading

_GIG: Final[BindParameter[str]] = bindparam("gig")
GIG: Final = select(gig).where(gig.c.id == _GIG)
_GIGS_OF: Final = select(gig).where(gig.c.shop == bindparam("shop")).order_by(gig.c.created, gig.c.id)
GIGS_OF: Final = _GIGS_OF.where(text(f"gig.{IS_ON_SALE}"))
ALL_GIGS_OF: Final = _GIGS_OF
BOOKING: Final = select(booking).where(booking.c.id == bindparam("id"))
TICKET: Final = select(ticket).where(ticket.c.id == bindparam("id"))
TICKETS: Final = select(ticket).where(ticket.c.booking == bindparam("booking")).order_by(ticket.c.number)
TICKETS_FOR: Final = select(ticket).where(ticket.c.gig == _GIG).order_by(ticket.c.id)
HELD_BY: Final = (
    select(ticket)
    .where(text(f"ticket.{IS_GOOD}"), ticket.c.holder == bindparam("holder"))
    .order_by(ticket.c.id)
)
DOORKEEPER: Final = select(doorkeeper).where(doorkeeper.c.id == bindparam("id"))
DOORKEEPERS: Final = (
    select(doorkeeper)
    .where(text(f"doorkeeper.{IS_THERE}"), doorkeeper.c.gig == _GIG)
    .order_by(doorkeeper.c.id)
)
DOORS_OF: Final = (
    select(doorkeeper)
    .where(text(f"doorkeeper.{IS_THERE}"), doorkeeper.c.person == bindparam("person"))
    .order_by(doorkeeper.c.gig)
)
WAIT: Final = select(wait).where(
    text(f"wait.{IS_LISTED}"), wait.c.gig == _GIG, wait.c.person == bindparam("person")
)
WAITING: Final = (
    select(wait).where(text(f"wait.{IS_WAITING}"), wait.c.gig == _GIG).order_by(wait.c.created, wait.c.id)
)
TO_BE_OFFERED: Final = (
    select(wait)
    .join(gig, gig.c.id == wait.c.gig)
    .where(
        text(f"wait.{IS_WAITING}"),
        wait.c.created <= bindparam("at"),
        text(f"gig.{IS_ON_SALE}"),
        gig.c.held < gig.c.places,
    )
    .order_by(wait.c.created, wait.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
LAPSED: Final = (
    select(wait)
    .where(text(f"wait.{IS_OFFERED}"), wait.c.until <= bindparam("at"))
    .order_by(wait.c.until)
    .limit(bindparam("limit", type_=BigInteger))
)
NEXT_END: Final = select(func.min(wait.c.until)).where(text(f"wait.{IS_OFFERED}"))


class TicketReading:
    """The part of the book that keeps events and their tickets."""

    _reader: Reading

    async def gig(self, gig: str) -> Gig | None:
        row = await self._reader.first(GIG, {"gig": gig})
        return None if row is None else rows.gig_of(row)

    async def gigs_of(self, shop: str) -> Sequence[Gig]:
        return [rows.gig_of(row) for row in await self._reader.rows(GIGS_OF, {"shop": shop})]

    async def all_gigs_of(self, shop: str) -> Sequence[Gig]:
        return [rows.gig_of(row) for row in await self._reader.rows(ALL_GIGS_OF, {"shop": shop})]

    async def booking(self, booking: str) -> Booking | None:
        row = await self._reader.first(BOOKING, {"id": booking})
        return None if row is None else rows.booking_of(row)

    async def ticket(self, ticket: str) -> Ticket | None:
        row = await self._reader.first(TICKET, {"id": ticket})
        return None if row is None else rows.ticket_of(row)

    async def tickets(self, booking: str) -> Sequence[Ticket]:
        return [rows.ticket_of(row) for row in await self._reader.rows(TICKETS, {"booking": booking})]

    async def tickets_for(self, gig: str) -> Sequence[Ticket]:
        return [rows.ticket_of(row) for row in await self._reader.rows(TICKETS_FOR, {"gig": gig})]

    async def tickets_held_by(self, person: str) -> Sequence[Ticket]:
        return [rows.ticket_of(row) for row in await self._reader.rows(HELD_BY, {"holder": person})]

    async def doorkeeper(self, doorkeeper: str) -> Doorkeeper | None:
        row = await self._reader.first(DOORKEEPER, {"id": doorkeeper})
        return None if row is None else rows.doorkeeper_of(row)

    async def doorkeepers(self, gig: str) -> Sequence[Doorkeeper]:
        return [rows.doorkeeper_of(row) for row in await self._reader.rows(DOORKEEPERS, {"gig": gig})]

    async def doors_of(self, person: str) -> Sequence[Doorkeeper]:
        return [rows.doorkeeper_of(row) for row in await self._reader.rows(DOORS_OF, {"person": person})]

    async def wait(self, gig: str, person: str) -> Wait | None:
        row = await self._reader.first(WAIT, {"gig": gig, "person": person})
        return None if row is None else rows.wait_of(row)

    async def waiting(self, gig: str) -> Sequence[Wait]:
        return [rows.wait_of(row) for row in await self._reader.rows(WAITING, {"gig": gig})]

    async def to_be_offered(self, at: datetime, limit: int) -> Sequence[Wait]:
        asked = {"at": microseconds(at), "limit": limit}
        return [rows.wait_of(row) for row in await self._reader.rows(TO_BE_OFFERED, asked)]

    async def lapsed_offers(self, at: datetime, limit: int) -> Sequence[Wait]:
        asked = {"at": microseconds(at), "limit": limit}
        return [rows.wait_of(row) for row in await self._reader.rows(LAPSED, asked)]

    async def next_offer_end(self) -> datetime | None:
        found = await self._reader.scalar(NEXT_END, {})
        return None if found is None else moment(found)
