"""What a payment's fate means for tickets: places are held, then freed, or tickets are issued for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.people import NOBODY
from paybridge.domain.shop import ShopState
from paybridge.domain.ticket import (
    Booking,
    BookingState,
    Gig,
    SaleOverError,
    Ticket,
    TicketState,
    WaitState,
    check_free,
    check_on_sale,
    check_valid,
    tickets_of,
)
from paybridge.domain.ticket_code import code_text, with_signature
from paybridge.domain.transfer import TransferState
from paybridge.domain.windows import zone_named
from paybridge.services.claims import LinkFirstError
from paybridge.services.ports import Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.domain.facts import Facts
    from paybridge.domain.people import Person
    from paybridge.domain.ticket import Wait
    from paybridge.domain.transfer import Transfer
    from paybridge.services.limits import Limits
    from paybridge.services.people import People
    from paybridge.services.ports import Book, Clock, Vault
    from paybridge.services.settings import Settings

_NEVER = frozenset({TransferState.REFUSED, TransferState.CANCELLED, TransferState.EXPIRED})


class TicketIssue:
    """Moves orders of tickets in the steps that move their payments."""

    def __init__(
        self, book: Book, vault: Vault, clock: Clock, settings: Settings, people: People, limits: Limits
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._people = people
        self._limits = limits

    async def taken(self, card: Transfer) -> Step:
        """The places that the approval holds; nothing if it pays for no tickets.

        Raises SaleOverError, EventSoldOutError and TicketsGoneError. Of approvals that want the last place at
        once, the database lets one be written; the others' steps are stale.
        """
        booking = await self._book.booking(card.id)
        if booking is None:
            return Step()
        gig, owner = await self.gig_and_owner(booking.gig)
        offer = await self.check(gig, owner, booking)
        held = replace(booking, state=BookingState.TAKEN)
        if offer is None:
            return Step(records=(held,))
        return Step(records=(replace(offer, state=WaitState.DONE, booking=booking.id), held))

    async def check(self, gig: Gig, owner: Person, booking: Booking) -> Wait | None:
        """Raise unless the order can be paid now; returns the offer from the waiting list that it uses.

        Money that waited for the shop's owner could go back after the event, so they must have an account.
        """
        name = self.name(gig, owner)
        check_on_sale(gig, name)
        shop = await self._book.shop(gig.shop)
        if shop is None or shop.state is not ShopState.OPEN or booking.price != gig.price.minor:
            raise SaleOverError(name=name)
        if not await self._people.enrolled(owner.id):
            raise LinkFirstError
        mine = await self._book.wait(gig.id, booking.buyer)
        offered = mine is not None and mine.until is not None and mine.until > self._clock.now()
        waiting = len(await self._book.waiting(gig.id))
        check_free(gig, name, booking.pieces, waiting, int(offered))
        return mine if offered else None

    async def follow(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """What the payment's new state means for its tickets; each is issued once, by its name."""
        booking = await self._book.booking(transfer.id)
        if booking is None:
            return Step(), ()
        if transfer.state is TransferState.SETTLED:
            return await self._issued(booking, transfer.payer_mxid)
        if transfer.state in _NEVER and booking.state is not BookingState.BACK:
            return Step(records=(replace(booking, state=BookingState.BACK),)), ()
        return Step(), ()

    async def _issued(self, booking: Booking, mxid: str) -> tuple[Step, tuple[Say, ...]]:
        gig, owner = await self.gig_and_owner(booking.gig)
        buyer = await self._book.person(booking.buyer)
        tickets = tickets_of(booking)
        told: list[Say] = []
        for ticket in tickets:
            told += await self.handed_over(ticket, gig, owner, buyer, mxid)
        return Step(records=tickets), (*told, *self.invited(gig, mxid, booking.id))

    async def refunded(self, original: Transfer, refund: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """The tickets that end with this refund: the one that it is for, or all if nothing is left.

        Raises TicketNotValidError if that one was used since. `original` has counted the refund.
        """
        booking = await self._book.booking(original.id)
        if booking is None:
            return Step(), ()
        ended: list[Ticket] = []
        told: list[Say] = []
        for ticket in await self._book.tickets(booking.id):
            its = ticket.refund == refund.id
            if its:
                check_valid(ticket)
            if its or (original.refunded >= original.amount.minor and ticket.state is TicketState.VALID):
                ended.append(replace(ticket, state=TicketState.REFUNDED, refund=refund.id))
                told.append(await self.given_back(ended[-1]))
        return Step(records=tuple(ended)), tuple(told)

    # ------------------------------------------------------------ what is said

    async def handed_over(
        self, ticket: Ticket, gig: Gig, owner: Person, holder: Person | None, mxid: str
    ) -> tuple[Say, ...]:
        """The ticket in its holder's direct message: its code as text, and as a picture for the door."""
        language = (holder.language if holder else None) or self._settings.language
        event = await self.facts(gig, owner)
        rows = event["refund"]
        assert isinstance(rows, tuple)  # as they are made there
        refund: tuple[Facts, ...] = tuple({**row, "ticket": ticket.id} for row in rows)
        said = Say(
            id=f"{ticket.id}/{ticket.turn}",
            key="ticket.yours",
            language=language,
            person=mxid,
            facts={"ticket": ticket.id, **event, "refund": refund},
            lines=(self.code(ticket),),
        )
        picture = replace(
            said,
            id=f"{said.id}/picture",
            key="ticket.picture",
            facts={"ticket": ticket.id},
            lines=(),
            qr=self.code(ticket),
        )
        return said, picture

    async def given_back(self, ticket: Ticket) -> Say:
        """Its holder is told that the ticket is over."""
        gig, owner = await self.gig_and_owner(ticket.gig)
        holder = await self._book.person(ticket.holder)
        return Say(
            id=f"{ticket.id}/{ticket.turn}/refunded",
            key="ticket.refunded",
            language=(holder.language if holder else None) or self._settings.language,
            person=next(iter(await self._book.mxids_of(ticket.holder)), NOBODY),
            facts={"ticket": ticket.id, "name": self.name(gig, owner)},
        )

    async def facts(self, gig: Gig, owner: Person) -> Facts:
        """An event as facts, times as its shop's clocks show them."""
        zone = zone_named(self._limits.zone(await self._limits.standing(owner.id), self._clock.now()))

        def row(name: str, at: datetime | None) -> tuple[Facts, ...]:
            return () if at is None else ({name: at.astimezone(zone)},)

        return {
            "name": self.name(gig, owner),
            "price": gig.price,
            "starts": row("at", gig.starts),
            "refund": row("until", gig.refund_until),
            "room": () if gig.room is None else ({},),
        }

    def invited(self, gig: Gig, mxid: str, event: str) -> tuple[Say, ...]:
        """Whoever has a ticket is asked into the event's room."""
        if gig.room is None or self._settings.bridges.of(mxid) is not None:
            return ()
        return (
            Say(
                id=f"{event}/{mxid}/invite",
                key="ticket.invited",
                language=self._settings.language,
                room=gig.room,
                invites=mxid,
            ),
        )

    # ------------------------------------------------------------ names and codes

    async def gig_and_owner(self, gig: str) -> tuple[Gig, Person]:
        """The event with this id, which something refers to, and the owner of its shop."""
        found = await self._book.gig(gig)
        assert found is not None  # a foreign key
        shop = await self._book.shop(found.shop)
        owner = None if shop is None else await self._book.person(shop.owner)
        assert owner is not None  # introduced with the shop
        return found, owner

    def code(self, ticket: Ticket) -> str:
        """The ticket's code of now, signed with the key that signs receipts; always the same."""
        text = code_text(ticket)
        return with_signature(text, self._vault.sign(text.encode()))

    def name(self, gig: Gig, owner: Person) -> str:
        """What the event is called; nothing, once its owner had themselves erased."""
        return "" if owner.is_erased else self._vault.open(owner.key, _named(owner), gig.name).decode()

    def sealed_name(self, name: str, owner: Person) -> bytes:
        return self._vault.seal(owner.key, _named(owner), name.encode())


def _named(owner: Person) -> str:
    return f"gig|{owner.id}|name"
