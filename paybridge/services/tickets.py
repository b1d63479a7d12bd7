"""Events and their tickets: a shop sells places, people order them, hold them and give them on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.sale import as_named, is_called
from paybridge.domain.ticket import (
    MOST_GIGS,
    Booking,
    Gig,
    GigState,
    check_pieces,
    given,
)
from paybridge.domain.ticket_code import gig_id, read_gig_id
from paybridge.services.payments import Wish
from paybridge.services.people import Known
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.people import Person
    from paybridge.domain.shop import Shop
    from paybridge.domain.ticket import Ticket
    from paybridge.domain.ticket_words import GigWords
    from paybridge.services.payments import Drafted, Payments
    from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Rooms
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings
    from paybridge.services.shops import Shops
    from paybridge.services.ticket_issue import TicketIssue


class NoSuchGigError(UserError):
    """No event of that name has tickets on sale by anybody here."""

    key = "error.no_such_gig"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket",)


class WhichGigError(UserError):
    """Several events here are called so."""

    key = "error.which_gig"

    def __init__(self, *, typed: str, ids: Sequence[str]) -> None:
        super().__init__(typed=typed)
        self._ids = tuple(ids)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!ticket {gig}" for gig in self._ids[:3])


class GigThereError(UserError):
    """The shop sells tickets for something of that name already."""

    key = "error.gig_there"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self._line = f'!ticket close "{name}"'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class TooManyGigsError(UserError):
    """The shop sells tickets for as many events as it can at once."""

    key = "error.too_many_gigs"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket",)


class GigRoomError(UserError):
    """Into that room the shop's owner cannot invite people, or the bot cannot."""

    key = "error.gig_room"

    def __init__(self, *, room: str) -> None:
        super().__init__(room=room)


class NoSuchTicketError(UserError):
    """Whoever asks holds no such ticket; whether there is one is not said."""

    key = "error.no_such_ticket"

    def __init__(self, *, ticket: str) -> None:
        super().__init__(ticket=ticket)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket mine",)


class HoldsItAlreadyError(UserError):
    """A ticket is given to somebody else."""

    key = "error.holds_it_already"

    def __init__(self, *, ticket: str) -> None:
        super().__init__(ticket=ticket)

    def lines(self) -> tuple[str, ...]:
        return ("!ticket mine",)


@dataclass(frozen=True, slots=True)
class Show:
    """An event with the name that people know it by, its shop and whose that is."""

    gig: Gig
    name: str
    shop: Shop
    owner: Person


class Tickets:
    """The use cases of whoever sells, buys and holds tickets."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that it asks
        self,
        book: Book,
        clock: Clock,
        chance: Chance,
        rooms: Rooms,
        settings: Settings,
        shops: Shops,
        payments: Payments,
        issue: TicketIssue,
    ) -> None:
        self._book = book
        self._clock = clock
        self._chance = chance
        self._rooms = rooms
        self._settings = settings
        self._shops = shops
        self._payments = payments
        self._issue = issue

    # ------------------------------------------------------------ what is sold

    async def new(self, owner: Known, said: GigWords) -> tuple[Show, Step]:
        """Tickets for one more event. Raises NoShopError, GigThereError, TooManyGigsError, GigRoomError."""
        shop = await self._shops.of(owner)
        there = await self._named(shop, owner.person, await self._book.gigs_of(shop.id))
        if any(is_called(show.name, as_named(said.name)) for show in there):
            raise GigThereError(name=said.name)
        if len(there) >= MOST_GIGS:
            raise TooManyGigsError(most=MOST_GIGS)
        gig = Gig(
            id=gig_id(self._chance.number()),
            shop=shop.id,
            state=GigState.OPEN,
            name=self._issue.sealed_name(said.name, owner.person),
            price=said.price,
            places=said.places,
            room=None if said.room is None else await self.room_for(said.room, owner.mxid),
            starts=said.starts,
            refund_until=said.refund_until,
            created=self._clock.now(),
        )
        return Show(gig, said.name, shop, owner.person), Step(records=(gig,))

    async def room_for(self, typed: str, owner: str) -> str:
        """The id of a room into which both the owner and the bot may invite people, or GigRoomError."""
        room = await self._rooms.named(typed)
        facts = None if room is None else await self._rooms.facts(room)
        if room is None or facts is None or not {owner, self._settings.bot} <= facts.members.keys():
            raise GigRoomError(room=typed)
        powers = await self._rooms.powers(room)
        if min(powers.of(owner), powers.of(self._settings.bot)) < powers.invite:
            raise GigRoomError(room=typed)
        return room

    def close(self, show: Show) -> Step:
        """No ticket is sold any more; those that are sold stay good."""
        return Step(records=(replace(show.gig, state=GigState.CLOSED),))

    # ------------------------------------------------------------ finding

    async def here(self, room: RoomFacts) -> Sequence[Show]:
        """What people in the room sell tickets for."""
        found: list[Show] = []
        for shop in await self._book.open_shops():
            if shop.owner_mxid in room.members:
                owner = await self._book.person(shop.owner)
                assert owner is not None  # introduced with the shop
                found += await self._named(shop, owner, await self._book.gigs_of(shop.id))
        return found

    async def find(self, room: RoomFacts, typed: str) -> Show:
        """The event here that is called so, or has this id. Raises NoSuchGigError and WhichGigError."""
        return _one(await self.here(room), typed)

    async def own(self, owner: Known, typed: str) -> Show:
        """The owner's event, of those whose sale is over too: the newest of that name."""
        shop = await self._shops.of(owner)
        shows = await self._named(shop, owner.person, await self._book.all_gigs_of(shop.id))
        return self.newest(shows, typed)

    @staticmethod
    def newest(shows: Sequence[Show], typed: str) -> Show:
        """Of events, oldest first, the last that is called so; or NoSuchGigError."""
        found = _called(shows, typed)
        if not found:
            raise NoSuchGigError(typed=typed[:40])
        return found[-1]

    async def _named(self, shop: Shop, owner: Person, gigs: Sequence[Gig]) -> Sequence[Show]:
        return [Show(gig, self._issue.name(gig, owner), shop, owner) for gig in gigs]

    # ------------------------------------------------------------ ordering and holding

    async def order(self, buyer: Known, show: Show, pieces: int, room: RoomFacts) -> Drafted:
        """A card for so many tickets; places are held when it is approved.

        Raises what a payment does, TooManyTicketsError, EventSoldOutError, TicketsGoneError, SaleOverError.
        """
        check_pieces(show.name, pieces)
        booking = Booking("", show.gig.id, buyer.person.id, pieces, show.gig.price.minor)
        await self._issue.check(show.gig, show.owner, booking)
        payee = Known(show.owner, show.shop.owner_mxid, Step())
        wish = Wish(payee, show.gig.price * pieces, f"{pieces} × {show.name}")  # noqa: RUF001 - as people read it
        drafted = await self._payments.draft(buyer, wish, room)
        booking = replace(booking, id=drafted.transfer.id)
        return replace(drafted, step=drafted.step + Step(records=(booking,)))

    async def mine(self, holder: Known) -> Sequence[tuple[Ticket, Show]]:
        """The tickets that the person holds and that are good."""
        held = await self._book.tickets_held_by(holder.person.id)
        return [(ticket, await self.show_of(ticket)) for ticket in held]

    async def show_of(self, ticket: Ticket) -> Show:
        return await self.show(ticket.gig)

    async def show(self, gig_id: str) -> Show:
        """The event with this id, which something refers to."""
        gig, owner = await self._issue.gig_and_owner(gig_id)
        shop = await self._book.shop(gig.shop)
        assert shop is not None  # a foreign key
        return Show(gig, self._issue.name(gig, owner), shop, owner)

    async def held(self, holder: Known, ticket: str) -> tuple[Ticket, Show]:
        """The person's own ticket with this name, or NoSuchTicketError."""
        found = await self._book.ticket(ticket)
        if found is None or found.holder != holder.person.id:
            raise NoSuchTicketError(ticket=ticket)
        return found, await self.show_of(found)

    async def again(self, holder: Known, ticket: str, event: str) -> tuple[Say, ...]:
        """The ticket once more, for whoever deleted it; `event` is what asks for it."""
        found, show = await self.held(holder, ticket)
        says = await self._issue.handed_over(found, show.gig, show.owner, holder.person, holder.mxid)
        return tuple(replace(say, id=f"{say.id}/{event}") for say in says)

    async def give(self, holder: Known, ticket: str, to: Known) -> tuple[Step, tuple[Say, ...], Show]:
        """The ticket goes to somebody else, whose code is a new one; the old one dies in the same step.

        Raises NoSuchTicketError, HoldsItAlreadyError and TicketNotValidError.
        """
        found, show = await self.held(holder, ticket)
        if to.person.id == holder.person.id:
            raise HoldsItAlreadyError(ticket=ticket)
        theirs = given(found, to.person.id)
        says = await self._issue.handed_over(theirs, show.gig, show.owner, to.person, to.mxid)
        invited = self._issue.invited(show.gig, to.mxid, f"{ticket}/{theirs.turn}")
        return to.introduction + Step(records=(theirs,)), (*says, *invited), show


def _called(shows: Sequence[Show], typed: str) -> list[Show]:
    named = read_gig_id(typed)
    if named is not None:
        return [show for show in shows if show.gig.id == named]
    return [show for show in shows if is_called(show.name, as_named(typed))]


def _one(shows: Sequence[Show], typed: str) -> Show:
    found = _called(shows, typed)
    if not found:
        raise NoSuchGigError(typed=typed[:40])
    if len(found) > 1:
        raise WhichGigError(typed=typed[:40], ids=[show.gig.id for show in found])
    return found[0]
