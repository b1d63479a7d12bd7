"""Tickets that are given back: by their holder until the event's date, by the seller at any time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.facts import Who
from paybridge.domain.money import Money
from paybridge.domain.ticket import Ticket, TicketState, check_valid
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.services.refunds import RefundNeedsBalanceError
from paybridge.services.serving import ShopCannotRefundError
from paybridge.services.tickets import NoSuchTicketError

if TYPE_CHECKING:
    from paybridge.domain.transfer import Transfer
    from paybridge.services.approvals import Approvals
    from paybridge.services.payments import Drafted
    from paybridge.services.ports import Book, Clock, RoomFacts, Rooms
    from paybridge.services.refunds import Refunds
    from paybridge.services.says import Say
    from paybridge.services.ticket_issue import TicketIssue
    from paybridge.services.tickets import Tickets


class TicketRefundOverError(UserError):
    """The seller has not agreed beforehand to take the ticket back, or no longer."""

    key = "error.ticket_refund_over"

    def __init__(self, *, name: str, seller: Who) -> None:
        super().__init__(name=name, seller=seller)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket mine",)


class TicketWasGivenError(UserError):
    """Money goes back only to whoever paid, who is not whoever holds the ticket."""

    key = "error.ticket_was_given"

    def __init__(self, *, ticket: str, payer: Who) -> None:
        super().__init__(payer=payer)
        self._line = f"!ticket give {ticket} to {payer.mxid}"

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class TicketRefunds:
    """Refunds of one ticket each, on the way of every other refund: from the seller's balance, counted."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        rooms: Rooms,
        tickets: Tickets,
        issue: TicketIssue,
        refunds: Refunds,
        approvals: Approvals,
    ) -> None:
        self._book = book
        self._clock = clock
        self._rooms = rooms
        self._tickets = tickets
        self._issue = issue
        self._refunds = refunds
        self._approvals = approvals

    async def by_holder(self, holder: Known, ticket: str) -> tuple[Step, tuple[Say, ...]]:
        """Give the ticket's price back at once, which the seller approved when the event was put on sale.

        Raises NoSuchTicketError, TicketNotValidError, TicketRefundOverError, TicketWasGivenError,
        ShopCannotRefundError, and what a refund does.
        """
        found, show = await self._tickets.held(holder, ticket)
        check_valid(found)
        until = show.gig.refund_until
        if until is None or self._clock.now() > until:
            raise TicketRefundOverError(name=show.name, seller=Who(show.shop.owner_mxid))
        original = await self._original(found)
        if original.payer != holder.person.id:
            raise TicketWasGivenError(ticket=ticket, payer=Who(original.payer_mxid))
        seller = Known(show.owner, original.payee_mxid, Step())
        room = await self._rooms.facts(original.room)
        try:
            drafted = await self._refunds.draft(original, seller, await self._price(found), show.name, room)
        except RefundNeedsBalanceError as error:
            raise ShopCannotRefundError from error
        step, says = await self._approvals.approve_beforehand(drafted.transfer)
        if any(isinstance(record, Ticket) and record.id == found.id for record in step.records):
            # All that was paid is given back, which ends it in that very step.
            return step, says
        ended = replace(found, state=TicketState.REFUNDED, refund=drafted.transfer.id)
        return step + Step(records=(ended,)), (*says, await self._issue.given_back(ended))

    async def by_seller(self, seller: Known, ticket: str, room: RoomFacts) -> Drafted:
        """A card for giving the ticket's price back; the ticket ends when that is approved.

        Raises NoSuchTicketError, TicketNotValidError, and what a refund does.
        """
        found = await self._book.ticket(ticket)
        if found is None or not await self.sells(seller, found):
            raise NoSuchTicketError(ticket=ticket)
        check_valid(found)
        show = await self._tickets.show_of(found)
        original = await self._original(found)
        drafted = await self._refunds.draft(original, seller, await self._price(found), show.name, room)
        meant = replace(found, refund=drafted.transfer.id)
        return replace(drafted, step=drafted.step + Step(records=(meant,)))

    async def sells(self, person: Known, ticket: Ticket | None) -> bool:
        """Whether the ticket is for an event of this person's shop."""
        if ticket is None:
            return False
        return (await self._tickets.show_of(ticket)).owner.id == person.person.id

    async def _original(self, ticket: Ticket) -> Transfer:
        paid = await self._book.transfer(ticket.booking)
        assert paid is not None  # a foreign key
        return paid

    async def _price(self, ticket: Ticket) -> Money:
        booking = await self._book.booking(ticket.booking)
        assert booking is not None  # a foreign key
        return Money(booking.price, (await self._original(ticket)).amount.currency)
