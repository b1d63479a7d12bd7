"""The door of an event: who may look at tickets there, what each code is worth, and who is to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ticket import Doorkeeper, TicketState
from paybridge.domain.ticket_code import NotATicketError, read_ticket_code
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.people import Person
    from paybridge.domain.ticket import Ticket
    from paybridge.domain.ticket_code import Code
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Clock, Vault
    from paybridge.services.ticket_issue import TicketIssue
    from paybridge.services.tickets import Show, Tickets

MOST_CODES: Final = 100
"""In one message, of a door that was offline."""
MOST_LISTED: Final = 200


class NotAtTheDoorError(UserError):
    """Whoever asks neither sells the event's tickets nor was put at its door."""

    key = "error.not_at_the_door"

    def lines(self) -> tuple[str, ...]:
        return ("!ticket mine",)


class TooManyCodesError(UserError):
    """More codes than one message is looked at for."""

    key = "error.too_many_codes"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)

    def lines(self) -> tuple[str, ...]:
        return ("!help ticket",)


class Verdict(StrEnum):
    """What a code is worth at the door."""

    VALID = "valid"
    USED = "used"
    REFUNDED = "refunded"
    GIVEN = "given"
    """The ticket has other hands and another code by now."""
    UNPAID = "unpaid"
    """The buyer's bank has taken the money back."""
    OTHER = "other"
    """It is for another event."""
    FORGED = "forged"
    """This house did not sign it, or it is no code at all."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of one code. `at` and `by` (a Matrix id) say when and by whom it was used before."""

    typed: str
    verdict: Verdict
    name: str = ""
    at: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class DoorList:
    """An event's tickets with their holders' Matrix ids, how many wait for one, and who is at the door."""

    tickets: Sequence[tuple[Ticket, str]]
    waiting: int
    keepers: Sequence[str]

    def count(self, state: TicketState) -> int:
        return sum(ticket.state is state for ticket, _ in self.tickets)


class TicketDoor:
    """The use cases of whoever stands at the door."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, tickets: Tickets, issue: TicketIssue) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._tickets = tickets
        self._issue = issue

    async def admit(
        self, keeper: Known, typed: Sequence[str], show: Show | None
    ) -> tuple[Step, Sequence[Looked]]:
        """Let in whoever these codes are good for, each once; what the others are says their verdict.

        With `show`, tickets of other events are told so. If another door was first, the step is stale and
        decided again, on what that door wrote. Raises NotAtTheDoorError and TooManyCodesError.
        """
        if len(typed) > MOST_CODES:
            raise TooManyCodesError(most=MOST_CODES)
        used: dict[str, Ticket] = {}
        looked = [await self._look(keeper, one, show, used) for one in typed]
        return Step(records=tuple(used.values())), looked

    async def _look(self, keeper: Known, typed: str, show: Show | None, used: dict[str, Ticket]) -> Looked:
        code = self._genuine(typed)
        ticket = None if code is None else used.get(code.ticket) or await self._book.ticket(code.ticket)
        if code is None or ticket is None or ticket.gig != code.gig:
            return Looked(typed[:40], Verdict.FORGED)
        gig, owner = await self._issue.gig_and_owner(ticket.gig)
        name = self._issue.name(gig, owner)
        if show is not None and show.gig.id != gig.id:
            return Looked(ticket.id, Verdict.OTHER, name)
        await self._check_keeper(keeper, gig.id, owner)
        verdict = await self._verdict(ticket, code)
        if verdict is Verdict.VALID:
            # The database has the last word: of two doors, one writes this.
            used[ticket.id] = replace(
                ticket, state=TicketState.USED, used_at=self._clock.now(), used_by=keeper.person.id
            )
            return Looked(ticket.id, verdict, name)
        by = None if ticket.used_by is None else await self.address(ticket.used_by)
        return Looked(ticket.id, verdict, name, ticket.used_at, by)

    def _genuine(self, typed: str) -> Code | None:
        try:
            code = read_ticket_code(typed)
        except NotATicketError:
            return None
        signed = self._vault.sign(code.text.encode())
        return code if signed == code.signature else None

    async def _verdict(self, ticket: Ticket, code: Code) -> Verdict:
        if ticket.state is TicketState.REFUNDED:
            return Verdict.REFUNDED
        if ticket.turn != code.turn:
            return Verdict.GIVEN
        if ticket.state is TicketState.USED:
            return Verdict.USED
        paid = await self._book.transfer(ticket.booking)
        taken_back = paid is None or paid.state is TransferState.REVERSED
        return Verdict.UNPAID if taken_back else Verdict.VALID

    # ------------------------------------------------------------ who is at the door

    async def _check_keeper(self, keeper: Known, gig: str, owner: Person) -> None:
        if keeper.person.id == owner.id:
            return
        found = await self._book.doorkeeper(_keeper_id(gig, keeper.person.id))
        if found is None or not found.there:
            raise NotAtTheDoorError

    async def staff(self, show: Show, person: Known, *, there: bool) -> Step:
        """Put somebody at the event's door, or take them away from it."""
        found = await self._book.doorkeeper(_keeper_id(show.gig.id, person.person.id))
        new = Doorkeeper(_keeper_id(show.gig.id, person.person.id), show.gig.id, person.person.id, there)
        changed = new if found is None else replace(found, there=there)
        return person.introduction + Step(records=(changed,))

    async def event(self, keeper: Known, typed: str) -> Show:
        """The event of that name that the person sells tickets for, or is at the door of.

        Raises NoSuchGigError.
        """
        shop = await self._book.shop_of(keeper.person.id)
        gigs = [] if shop is None else [gig.id for gig in await self._book.all_gigs_of(shop.id)]
        gigs += [one.gig for one in await self._book.doors_of(keeper.person.id)]
        return self._tickets.newest([await self._tickets.show(gig) for gig in gigs], typed)

    async def list(self, keeper: Known, show: Show) -> DoorList:
        """Who is to come and who is there, for whoever is at the door. Raises NotAtTheDoorError."""
        await self._check_keeper(keeper, show.gig.id, show.owner)
        addresses: dict[str, str] = {}
        tickets = await self._book.tickets_for(show.gig.id)
        keepers = [one.person for one in await self._book.doorkeepers(show.gig.id)]
        for person in {ticket.holder for ticket in tickets[:MOST_LISTED]}.union(keepers):
            addresses[person] = await self.address(person)
        return DoorList(
            [(ticket, _of(addresses, ticket.holder)) for ticket in tickets],
            len(await self._book.waiting(show.gig.id)),
            [_of(addresses, person) for person in keepers],
        )

    async def address(self, person: str) -> str:
        """A Matrix id of the person, or their opaque id if they have none any more."""
        return next(iter(await self._book.mxids_of(person)), person)


def _keeper_id(gig: str, person: str) -> str:
    return f"{gig}/{person}"


def _of(addresses: Mapping[str, str], person: str) -> str:
    return addresses.get(person, person)
