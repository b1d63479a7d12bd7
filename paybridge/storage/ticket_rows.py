"""Between events, their tickets and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.money import Money
from paybridge.domain.ticket import (
    Booking,
    BookingState,
    Doorkeeper,
    Gig,
    GigState,
    Ticket,
    TicketState,
    Wait,
    WaitState,
)
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from paybridge.services.ports import Record
    from paybridge.storage.row import Row


def gig_row(gig: Gig) -> dict[str, Any]:
    return {
        "id": gig.id,
        "shop": gig.shop,
        "state": gig.state.value,
        "name": gig.name,
        "price": gig.price.minor,
        "currency": gig.price.currency,
        "places": gig.places,
        "held": gig.held,
        "room": gig.room,
        "starts": _number(gig.starts),
        "refund_until": _number(gig.refund_until),
        "created": microseconds(gig.created),
        "version": gig.version,
    }


def gig_of(row: Row) -> Gig:
    return Gig(
        id=row["id"],
        shop=row["shop"],
        state=GigState(row["state"]),
        name=row["name"],
        price=Money(row["price"], row["currency"]),
        places=row["places"],
        held=row["held"],
        room=row["room"],
        starts=_at(row["starts"]),
        refund_until=_at(row["refund_until"]),
        created=moment(row["created"]),
        version=row["version"],
    )


def booking_row(booking: Booking) -> dict[str, Any]:
    return {
        "id": booking.id,
        "gig": booking.gig,
        "buyer": booking.buyer,
        "pieces": booking.pieces,
        "price": booking.price,
        "state": booking.state.value,
        "version": booking.version,
    }


def booking_of(row: Row) -> Booking:
    return Booking(
        id=row["id"],
        gig=row["gig"],
        buyer=row["buyer"],
        pieces=row["pieces"],
        price=row["price"],
        state=BookingState(row["state"]),
        version=row["version"],
    )


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "booking": ticket.booking,
        "gig": ticket.gig,
        "number": ticket.number,
        "holder": ticket.holder,
        "state": ticket.state.value,
        "turn": ticket.turn,
        "used_at": _number(ticket.used_at),
        "used_by": ticket.used_by,
        "refund": ticket.refund,
        "version": ticket.version,
    }


def ticket_of(row: Row) -> Ticket:
    return Ticket(
        id=row["id"],
        booking=row["booking"],
        gig=row["gig"],
        number=row["number"],
        holder=row["holder"],
        state=TicketState(row["state"]),
        turn=row["turn"],
        used_at=_at(row["used_at"]),
        used_by=row["used_by"],
        refund=row["refund"],
        version=row["version"],
    )


def doorkeeper_row(doorkeeper: Doorkeeper) -> dict[str, Any]:
    return {
        "id": doorkeeper.id,
        "gig": doorkeeper.gig,
        "person": doorkeeper.person,
        "there": int(doorkeeper.there),
        "version": doorkeeper.version,
    }


def doorkeeper_of(row: Row) -> Doorkeeper:
    return Doorkeeper(row["id"], row["gig"], row["person"], bool(row["there"]), row["version"])


def wait_row(wait: Wait) -> dict[str, Any]:
    return {
        "id": wait.id,
        "gig": wait.gig,
        "person": wait.person,
        "state": wait.state.value,
        "created": microseconds(wait.created),
        "until": _number(wait.until),
        "booking": wait.booking,
        "version": wait.version,
    }


def wait_of(row: Row) -> Wait:
    return Wait(
        id=row["id"],
        gig=row["gig"],
        person=row["person"],
        state=WaitState(row["state"]),
        created=moment(row["created"]),
        until=_at(row["until"]),
        booking=row["booking"],
        version=row["version"],
    )


def _number(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)


def _at(number: int | None) -> datetime | None:
    return None if number is None else moment(number)


ROW_OF: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Gig: gig_row,
    Wait: wait_row,
    Booking: booking_row,
    Ticket: ticket_row,
    Doorkeeper: doorkeeper_row,
}
