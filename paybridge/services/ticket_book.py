"""What the use cases need of the book for tickets, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.ticket import Booking, Doorkeeper, Gig, Ticket, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

TicketRecord = Gig | Wait | Booking | Ticket | Doorkeeper


class TicketBook(Protocol):
    """The part of the book that keeps events and their tickets."""

    async def gig(self, gig: str) -> Gig | None: ...
    async def gigs_of(self, shop: str) -> Sequence[Gig]:
        """What the shop sells tickets for now, oldest first."""

    async def all_gigs_of(self, shop: str) -> Sequence[Gig]:
        """The same, and what it sold tickets for before."""

    async def booking(self, booking: str) -> Booking | None:
        """The order of tickets that this payment is for, if it is for one."""

    async def ticket(self, ticket: str) -> Ticket | None: ...
    async def tickets(self, booking: str) -> Sequence[Ticket]:
        """The tickets of an order, by number."""

    async def tickets_for(self, gig: str) -> Sequence[Ticket]:
        """All tickets of an event, by name."""

    async def tickets_held_by(self, person: str) -> Sequence[Ticket]:
        """The person's tickets that are good, by name."""

    async def doorkeeper(self, doorkeeper: str) -> Doorkeeper | None: ...
    async def doorkeepers(self, gig: str) -> Sequence[Doorkeeper]:
        """Whoever looks at tickets at the event's door, beside its owner."""

    async def doors_of(self, person: str) -> Sequence[Doorkeeper]:
        """Where the person looks at tickets."""

    async def wait(self, gig: str, person: str) -> Wait | None:
        """The person's place on the event's waiting list, waiting or offered."""

    async def waiting(self, gig: str) -> Sequence[Wait]:
        """Who waits and was not offered a place, in their order."""

    async def to_be_offered(self, at: datetime, limit: int) -> Sequence[Wait]:
        """Who waited before `at` for an event that has a free place now, in their order."""

    async def lapsed_offers(self, at: datetime, limit: int) -> Sequence[Wait]:
        """Offers that were good until `at` at the latest."""

    async def next_offer_end(self) -> datetime | None:
        """When the earliest offer ends."""
