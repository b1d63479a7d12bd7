"""Memberships: what a shop offers to members, joining and leaving; the paying itself is a repeat's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from paybridge.domain import repeat as repeats
from paybridge.domain.membership import (
    MOST_CLUBS,
    MOST_MEMBERS,
    Club,
    ClubState,
    ClubThereError,
    DuesUnderWayError,
    Member,
    MemberAlreadyError,
    NoSuchClubError,
    TooManyClubsError,
    WhichClubError,
    first_rhythm,
    leaving_day,
    member_id,
)
from paybridge.domain.proof import DeviceNotProvenError, may_move_money
from paybridge.domain.repeat import Ending, Repeat, RepeatState
from paybridge.domain.windows import zone_named
from paybridge.services.dues import paid_facts
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.services.repeats import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from paybridge.domain.membership_words import OfferWords
    from paybridge.domain.money import Money
    from paybridge.domain.people import Person
    from paybridge.domain.proof import Proof
    from paybridge.services.dues import Dues
    from paybridge.services.limits import Limits
    from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Rooms, Vault
    from paybridge.services.repeats import Repeats
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings
    from paybridge.services.shops import Shops

_T = TypeVar("_T")
_LIVE: Final = frozenset({RepeatState.ACTIVE, RepeatState.PAUSED})


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in a club: what it is called, their row, and the repeat that pays, if one still does."""

    name: str
    member: Member
    repeat: Repeat | None


class Memberships:
    """The use cases of shops and their members."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that it asks
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        rooms: Rooms,
        settings: Settings,
        shops: Shops,
        repeats_of: Repeats,
        dues: Dues,
        limits: Limits,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._rooms = rooms
        self._settings = settings
        self._shops = shops
        self._repeats = repeats_of
        self._dues = dues
        self._limits = limits

    # ------------------------------------------------------------ the shop

    async def offer(
        self, owner: Known, words: OfferWords, price: Money, room: str | None, proof: Proof
    ) -> tuple[Club, Step]:
        """A membership that people can join, and with it the `room` (an id), if there is one.

        Raises NoShopError, ClubThereError and TooManyClubsError.
        """
        self._check_proven(proof)
        shop = await self._shops.of(owner)
        there = await self.offered(owner)
        if any(_is_called(name, words.name) for name, _ in there):
            raise ClubThereError(name=words.name)
        if len(there) >= MOST_CLUBS:
            raise TooManyClubsError(most=MOST_CLUBS)
        club = Club(
            id=self._chance.token(),
            state=ClubState.OPEN,
            shop=shop.id,
            owner=owner.person.id,
            owner_mxid=owner.mxid,
            name=self._vault.seal(owner.person.key, _context(owner.person), words.name.encode()),
            price=price,
            rhythm=words.rhythm,
            floats=words.floats,
            notice=words.notice,
            created=self._clock.now(),
            room=room,
        )
        return club, Step(records=(club,))

    async def offered(self, owner: Known) -> Sequence[tuple[str, Club]]:
        """What the person's shop offers, by name; nothing without a shop."""
        shop = await self._book.shop_of(owner.person.id)
        return [] if shop is None else await self._named(shop.id, owner.person)

    async def of(self, owner: Known, typed: str) -> tuple[str, Club]:
        """What the person's own shop offers under that name; NoShopError, NoSuchClubError."""
        await self._shops.of(owner)
        return _only([one for one in await self.offered(owner) if _is_called(one[0], typed)], typed)

    async def seats(self, club: Club, name: str) -> Sequence[Seat]:
        """Everybody who ever joined it."""
        live = {one.payer: one for one in await self._book.repeats_for(club.id) if one.state in _LIVE}
        return [Seat(name, one, live.get(one.person)) for one in await self._book.members(club.id)]

    async def reprice(
        self, owner: Known, typed: str, price: Money, proof: Proof
    ) -> tuple[Step, tuple[Say, ...], int, int]:
        """Another price from the next payment on; how many members go on, and how many are asked anew.

        Nobody pays more than the cap that they approved: for whoever's is lower, the membership runs out
        unless they join at the new price.
        """
        self._check_proven(proof)
        name, club = await self.of(owner, typed)
        priced = replace(club, price=replace(price, currency=club.price.currency))
        records: list[Club | Repeat | Member] = [priced]
        says: list[Say] = []
        kept = asked = 0
        for repeat in await self._book.repeats_for(club.id):
            if repeat.state is RepeatState.OFFERED:
                records.append(repeats.stopped(repeat, Ending.REPLACED))
            elif repeat.cap < priced.price:
                asked += 1
                member = await self._member(repeat)
                records += (repeats.stopped(repeat, Ending.REPLACED), _leaving(member, repeat))
                line = f'!membership join "{name}"'
                facts = {"price": priced.price, **paid_facts(member)}
                says.append(await self._dues.say(repeat, "membership.asked_anew", facts, (line,)))
            else:
                kept += 1
                changed = repeats.repriced(repeat, priced.price, self._clock.now())
                records.append(changed)
                says.append(await self._dues.say(changed, "membership.repriced", {"day": changed.day}))
        return Step(records=tuple(records)), tuple(says), kept, asked

    async def close(self, owner: Known, typed: str, proof: Proof) -> tuple[str, Step, tuple[Say, ...]]:
        """Nobody can join any more, and nobody pays any more; what is paid stays so."""
        self._check_proven(proof)
        name, club = await self.of(owner, typed)
        records: list[Club | Repeat | Member] = [replace(club, state=ClubState.CLOSED)]
        says: list[Say] = []
        for repeat in await self._book.repeats_for(club.id):
            records.append(repeats.stopped(repeat))
            if repeat.state in _LIVE:
                member = await self._member(repeat)
                records.append(_leaving(member, repeat))
                says.append(await self._dues.say(repeat, "membership.closed", paid_facts(member)))
        return name, Step(records=tuple(records)), tuple(says)

    # ------------------------------------------------------------ the members

    async def here(self, room: RoomFacts) -> Sequence[tuple[str, Club]]:
        """What the shops of the people in the room offer, by name."""
        found: list[tuple[str, Club]] = []
        for shop in await self._book.open_shops():
            owner = await self._book.person(shop.owner)
            if shop.owner_mxid in room.members and owner is not None:
                found += await self._named(shop.id, owner)
        return found

    async def own(self, person: Person) -> Sequence[Seat]:
        """Everything that the person ever joined."""
        seats: list[Seat] = []
        for member in await self._book.memberships_of(person.id):
            paying = await self._book.repeats_of_member(member.club, person.id)
            live = next((one for one in paying if one.state in _LIVE), None)
            seats.append(Seat(await self._dues.name(paying[0]), member, live))
        return seats

    async def join(
        self, payer: Known, typed: str, most: Money | None, room: RoomFacts, proof: Proof
    ) -> tuple[Club, Repeat | None, Step]:
        """A card for joining, as a repeat; without one if the person only takes back that they leave.

        Its first day is today or the rhythm's next, and none that they have paid for already. Raises what
        a repeat's card does, NoSuchClubError, WhichClubError, MemberAlreadyError and DuesUnderWayError.
        """
        name, club = await self._to_join(payer, typed, room)
        paying = await self._book.repeats_of_member(club.id, payer.person.id)
        member = await self._book.member(member_id(club.id, payer.person.id))
        live = next((one for one in paying if one.state in _LIVE), None)
        if member is not None and live is not None:
            if member.leaves is None:
                raise MemberAlreadyError(name=name)
            self._check_proven(proof)
            return club, None, Step(records=(replace(member, leaves=None),))
        for one in paying:
            if one.transfer is not None:
                raise DuesUnderWayError(payment=one.transfer)
        if len(await self._book.members(club.id)) >= MOST_MEMBERS and member is None:
            raise TooManyClubsError(most=MOST_MEMBERS)
        owner = await self._book.person(club.owner)
        assert owner is not None  # introduced with the shop
        before = next((one.rhythm for one in paying if one.state is not RepeatState.OFFERED), None)
        rhythm = first_rhythm(club, await self._today(payer.person.id), member, before)
        terms = Terms(club.price, most or club.price, rhythm, None, name, club.id)
        if club.owner_mxid not in room.members and paying:
            room = await self._rooms.facts(paying[0].room)
        offered, step = await self._repeats.offer(payer, Known(owner, club.owner_mxid, Step()), terms, room)
        stale = [repeats.stopped(one, Ending.REPLACED) for one in paying if one.state is RepeatState.OFFERED]
        return club, offered, step + Step(records=tuple(stale))

    async def leave(self, person: Person, typed: str) -> tuple[Seat, Step, tuple[Say, ...]]:
        """The person pays no more, but for what falls due within the club's notice."""
        seats = [one for one in await self.own(person) if one.repeat is not None]
        seat = _only([(one.name, one) for one in seats if _is_called(one.name, typed)], typed)[1]
        assert seat.repeat is not None  # only such are looked at
        return await self._left(seat, seat.repeat, await self._today(person.id), at_once=False)

    async def stop(self, repeat: Repeat) -> tuple[Step, tuple[Say, ...]]:
        """Its payer ends the repeat itself, which nothing can keep them from."""
        seat = Seat(await self._dues.name(repeat), await self._member(repeat), repeat)
        _, step, says = await self._left(seat, repeat, await self._today(repeat.payer), at_once=True)
        return step, says

    async def _left(
        self, seat: Seat, repeat: Repeat, today: date, *, at_once: bool
    ) -> tuple[Seat, Step, tuple[Say, ...]]:
        club = await self._book.club(seat.member.club)
        assert club is not None  # a foreign key
        next_unpaid = repeat.rhythm.day_at(repeat.number + (repeat.transfer is not None))
        day = leaving_day(club, repeat, today) if club.notice and not at_once else next_unpaid
        leaving = replace(seat.member, leaves=day)
        records: tuple[Repeat | Member, ...] = (leaving,)
        if day <= next_unpaid or repeat.state is RepeatState.PAUSED:
            repeat = repeats.stopped(repeat)
            records = (leaving, repeat)
        told = await self._dues.say_shop(club, repeat, "membership.left_there", {"day": day})
        return Seat(seat.name, leaving, repeat), Step(records=records), (told,)

    async def _to_join(self, payer: Known, typed: str, room: RoomFacts) -> tuple[str, Club]:
        found = {club.id: (name, club) for name, club in await self.here(room)}
        for seat in await self.own(payer.person):
            club = await self._book.club(seat.member.club)
            if club is not None and await self._dues.is_open(club):
                found[club.id] = (seat.name, club)
        return _only([one for one in found.values() if _is_called(one[0], typed)], typed)

    async def _named(self, shop: str, owner: Person) -> list[tuple[str, Club]]:
        return [
            (self._vault.open(owner.key, _context(owner), club.name).decode(), club)
            for club in await self._book.clubs(shop)
        ]

    async def _member(self, repeat: Repeat) -> Member:
        member = await self._book.member(member_id(repeat.club or "", repeat.payer))
        assert member is not None  # made when it was approved
        return member

    async def _today(self, person: str) -> date:
        now = self._clock.now()
        zone = self._limits.zone(await self._limits.standing(person), now)
        return now.astimezone(zone_named(zone)).date()

    def _check_proven(self, proof: Proof) -> None:
        if not may_move_money(proof, self._settings.required_trust):
            raise DeviceNotProvenError


def _is_called(name: str, typed: str) -> bool:
    return name.casefold() == " ".join(typed.split()).casefold()


def _only(found: Sequence[tuple[str, _T]], typed: str) -> tuple[str, _T]:
    if not found:
        raise NoSuchClubError(typed=typed)
    if len(found) > 1:
        raise WhichClubError(typed=typed)
    return found[0]


def _leaving(member: Member, repeat: Repeat) -> Member:
    return replace(member, leaves=repeat.rhythm.day_at(repeat.number + (repeat.transfer is not None)))


def _context(owner: Person) -> str:
    return f"club|{owner.id}|name"
