"""Tickets: what somebody may come in with, for an event of so many places; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from paybridge.domain.money import Money

MOST_PLACES: Final = 100_000
MOST_TICKETS: Final = 10
"""Of one order: each is a message of its own."""
MOST_GIGS: Final = 50
"""On sale at once, of one shop."""
MOST_TURNS: Final = 99
OFFER_LIFE: Final = timedelta(minutes=30)
"""How long a place that became free is kept for whoever waited for it."""


class TicketsGoneError(UserError):
    """There are not so many places left."""

    key = "error.tickets_gone"

    def __init__(self, *, name: str, left: int) -> None:
        super().__init__(name=name, left=left)
        self._line = f'!ticket {left} "{name}"'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class EventSoldOutError(UserError):
    """No place is left; whoever waits for one comes first."""

    key = "error.event_sold_out"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self._line = f'!ticket wait "{name}"'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class TooManyTicketsError(UserError):
    """More tickets than one order may have."""

    key = "error.too_many_tickets"

    def __init__(self, *, name: str, most: int) -> None:
        super().__init__(most=most)
        self._line = f'!ticket {most} "{name}"'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class SaleOverError(UserError):
    """The event's tickets are sold no more."""

    key = "error.ticket_sale_over"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket",)


class TicketNotValidError(UserError):
    """The ticket was used or given back: nothing can be done with it any more."""

    key = "error.ticket_not_valid"

    def __init__(self, *, ticket: str) -> None:
        super().__init__(ticket=ticket)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket mine",)


class GigState(StrEnum):
    """Whether an event's tickets are sold."""

    OPEN = "open"
    CLOSED = "closed"


class BookingState(StrEnum):
    """Whether the places of an order are held for it: not before its approval, and not after a refusal."""

    OPEN = "open"
    TAKEN = "taken"
    BACK = "back"


class TicketState(StrEnum):
    """What a ticket is good for."""

    VALID = "valid"
    USED = "used"
    REFUNDED = "refunded"


class WaitState(StrEnum):
    """Where somebody on a waiting list stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    DONE = "done"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Gig:
    """An event. `name` is sealed under the key of the shop's owner; `held` of its `places` are not free.

    Until `refund_until` a holder may give a ticket back. Into `room` (an id), if there is one,
    whoever has a ticket is invited.
    """

    id: str
    shop: str
    state: GigState
    name: bytes
    price: Money
    places: int
    room: str | None
    starts: datetime | None
    refund_until: datetime | None
    created: datetime
    held: int = 0
    version: int = 0

    @property
    def free(self) -> int:
        return self.places - self.held


@dataclass(frozen=True, slots=True)
class Booking:
    """An order of tickets; its `id` is the payment's. `price` (minor units) of each is its card's."""

    id: str
    gig: str
    buyer: str
    pieces: int
    price: int
    state: BookingState = BookingState.OPEN
    version: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """One place, of whoever holds it (a person id). `turn` counts how often it was given on.

    `refund` is the payment that gives its money back, once there is one. `used_by` (a person id) let in
    whoever came with it.
    """

    id: str
    booking: str
    gig: str
    number: int
    holder: str
    state: TicketState = TicketState.VALID
    turn: int = 0
    used_at: datetime | None = None
    used_by: str | None = None
    refund: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Somebody who may look at tickets at an event's door, as long as they are `there`."""

    id: str
    gig: str
    person: str
    there: bool
    version: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody who waits for a place. An offer is good until `until`; `booking` is the order that took it."""

    id: str
    gig: str
    person: str
    state: WaitState
    created: datetime
    until: datetime | None = None
    booking: str | None = None
    version: int = 0


def check_pieces(name: str, pieces: int) -> None:
    """Raise TooManyTicketsError for more than one order may have."""
    if not 1 <= pieces <= MOST_TICKETS:
        raise TooManyTicketsError(name=name, most=MOST_TICKETS)


def check_free(gig: Gig, name: str, pieces: int, waiting: int, offered: int) -> None:
    """Raise EventSoldOutError or TicketsGoneError unless so many places are there for this buyer.

    Whoever waits comes first: `waiting` places are theirs. `offered` are kept for the buyer.
    """
    left = max(gig.free - waiting, 0) + offered
    if not left:
        raise EventSoldOutError(name=name)
    if left < pieces:
        raise TicketsGoneError(name=name, left=left)


def check_on_sale(gig: Gig, name: str) -> None:
    """Raise SaleOverError where tickets are sold no more."""
    if gig.state is GigState.CLOSED:
        raise SaleOverError(name=name)


def tickets_of(booking: Booking) -> tuple[Ticket, ...]:
    """The tickets of an order that is paid, each with a name of its own: "PB-7K3QD-1"."""
    return tuple(
        Ticket(f"{booking.id}-{number}", booking.id, booking.gig, number, booking.buyer)
        for number in range(1, booking.pieces + 1)
    )


def given(ticket: Ticket, to: str) -> Ticket:
    """The ticket in other hands; codes of the turns before are dead. Raises TicketNotValidError."""
    check_valid(ticket)
    if ticket.turn >= MOST_TURNS:
        raise TicketNotValidError(ticket=ticket.id)
    return replace(ticket, holder=to, turn=ticket.turn + 1)


def check_valid(ticket: Ticket) -> None:
    """Raise TicketNotValidError for one that was used or given back."""
    if ticket.state is not TicketState.VALID:
        raise TicketNotValidError(ticket=ticket.id)
