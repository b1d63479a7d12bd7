"""A room's kitty: it is opened, shown, and money is put in; what goes out is a proposal's."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.ids import payment_id
from paybridge.domain.kitty import (
    MOST_TREASURERS,
    Kitty,
    KittyState,
    TooManyTreasurersError,
    Treasurer,
    check_needs,
)
from paybridge.domain.people import Person
from paybridge.domain.permissions import Role
from paybridge.domain.policy import POLICY_EVENT
from paybridge.domain.proof import DeviceNotProvenError, may_move_money
from paybridge.services import kitty_pages
from paybridge.services.kitty_errors import (
    KittyCurrencyError,
    KittyHiddenError,
    KittyNameMissingError,
    KittyNeedsPowerError,
    KittyOpenError,
    NoKittyError,
)
from paybridge.services.notes import open_note, seal_note
from paybridge.services.payments import Wish, check_place
from paybridge.services.people import Known
from paybridge.services.policies import UPGRADES
from paybridge.services.ports import Book, Chance, Clock, RoomFacts, Rooms, StaleError, Step, Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.kitty import Proposal
    from paybridge.domain.money import Money
    from paybridge.domain.proof import Proof
    from paybridge.services.payments import Drafted, Payments
    from paybridge.services.people import People
    from paybridge.services.policies import Policies
    from paybridge.services.settings import Settings


@dataclass(frozen=True, slots=True)
class Purse:
    """A kitty with all that is asked about it: who owns its account, its name, what is in it.

    `treasurers` are the active ones; `fit` are the person ids of those who could approve now.
    """

    kitty: Kitty
    person: Person
    name: str
    balance: Money
    treasurers: tuple[Treasurer, ...]
    fit: frozenset[str]
    room: RoomFacts
    proposals: tuple[Proposal, ...] = ()

    @property
    def known(self) -> Known:
        """The kitty as one who pays or is paid."""
        return Known(self.person, self.kitty.mxid, Step())


class Kitties:
    """The use cases of everybody in a room. Nothing here takes money out."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that a kitty needs
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        rooms: Rooms,
        settings: Settings,
        people: People,
        policies: Policies,
        payments: Payments,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._rooms = rooms
        self._settings = settings
        self._people = people
        self._policies = policies
        self._payments = payments

    async def open(
        self,
        opener: Known,
        name: str,
        currency: str,
        treasurers: Sequence[str],
        needs: int | None,
        room: RoomFacts,
        proof: Proof,
    ) -> tuple[Step, Purse]:
        """Open the room's kitty. `treasurers` are Matrix ids, joined to the room; nobody named: the opener.

        Without `needs` two of them must approve, or the only one. Raises what a payment's place does,
        `KittyNeedsPowerError` unless the opener could set the room's policy, and the kitty's other errors.
        """
        self.check_proven(proof)
        if not name.strip():
            raise KittyNameMissingError
        if await self._in(room.id) is not None:
            raise KittyOpenError
        powers = await self._rooms.powers(room.id)
        needed = powers.needed_to_send(POLICY_EVENT)
        if powers.of(opener.mxid) < needed:
            raise KittyNeedsPowerError(needed=needed)
        await self.check_shown(room.id)
        named = list(dict.fromkeys(treasurers)) or [opener.mxid]
        if len(named) > MOST_TREASURERS:
            raise TooManyTreasurersError(most=MOST_TREASURERS)
        now, name_of_it = self._clock.now(), payment_id(self._chance.number())
        person = Person(id=name_of_it, key=self._vault.new_key(), created=now)
        sealed = seal_note(self._vault, person, name)
        assert sealed is not None  # there are words
        step, found = Step(records=(person,)), []
        for mxid in named:
            known = opener if mxid == opener.mxid else await self._people.know(mxid)
            check_place(room, mxid, self._settings)
            step += known.introduction
            found.append(self._treasurer(name_of_it, known))
        distinct = {one.person: one for one in found}
        fit = await self._fit(distinct.values(), room)
        count = check_needs(min(2, len(distinct)) if needs is None else needs, len(distinct))
        check_needs(count, len(fit))
        kitty = Kitty(
            id=name_of_it,
            state=KittyState.OPEN,
            opener=opener.person.id,
            currency=currency,
            room=room.id,
            created=now,
            needs=count,
            name=sealed,
        )
        everybody = tuple(sorted(distinct.values(), key=lambda one: one.mxid))
        balance = await self._book.balance(kitty.id, currency)
        purse = Purse(kitty, person, " ".join(name.split()), balance, everybody, fit, room)
        return step + Step(records=(kitty, *everybody)), purse

    async def find(self, room: RoomFacts) -> Purse:
        """The room's kitty; one of the room that it is the upgrade of comes along."""
        kitty = await self._in(room.id)
        if kitty is None:
            raise NoKittyError
        return await self.purse(kitty, room)

    async def purse(self, kitty: Kitty, room: RoomFacts | None = None) -> Purse:
        """All that is asked about the kitty, as it is now."""
        person = await self._book.person(kitty.id)
        assert person is not None  # made with the kitty
        facts = room if room is not None else await self._rooms.facts(kitty.room)
        treasurers = tuple(one for one in await self._book.treasurers(kitty.id) if one.active)
        now = self._clock.now()
        return Purse(
            kitty=kitty,
            person=person,
            name=open_note(self._vault, person, kitty.name) or "",
            balance=await self._book.balance(kitty.id, kitty.currency),
            treasurers=treasurers,
            fit=await self._fit(treasurers, facts),
            room=facts,
            proposals=tuple(one for one in await self._book.open_proposals(kitty.id) if one.expires > now),
        )

    async def put(self, payer: Known, purse: Purse, amount: Money, source: str, note: str) -> Drafted:
        """A card for paying `amount` into the kitty, which is approved as every payment is."""
        self.check_currency(purse, amount)
        wish = Wish(purse.known, amount, note or purse.name, source=source, into_kitty=True)
        return await self._payments.draft(payer, wish, purse.room)

    async def statement(self, purse: Purse) -> Facts:
        """Who put what in, what was paid, and who approved it, in the order in which it happened."""
        moved = [
            one
            for one in (
                *await self._book.put_into(purse.kitty.id),
                *await self._book.paid_out_of(purse.kitty.id),
            )
            if one.state in kitty_pages.MOVED
        ]
        notes, approved = {}, {}
        for one in moved:
            if one.payer == purse.kitty.id:
                notes[one.id] = open_note(self._vault, purse.person, one.note) or ""
                approved[one.id] = [each for each in await self._book.assents(one.id) if each.approves]
        moved.sort(key=lambda one: (one.approved or one.created, one.id))
        return kitty_pages.statement(purse, moved, notes, approved)

    def check_proven(self, proof: Proof) -> None:
        """Raise `DeviceNotProvenError` unless this could approve a payment."""
        if not may_move_money(proof, self._settings.required_trust):
            raise DeviceNotProvenError

    async def check_shown(self, room: str) -> None:
        """Raise `KittyHiddenError` where amounts must not be seen: the purse could not be everybody's."""
        if await self._policies.hides_amounts(room):
            raise KittyHiddenError

    @staticmethod
    def check_currency(purse: Purse, amount: Money) -> None:
        if amount.currency != purse.kitty.currency:
            raise KittyCurrencyError(currency=purse.kitty.currency)

    @staticmethod
    def _treasurer(kitty: str, known: Known) -> Treasurer:
        return Treasurer(f"{kitty}/{known.person.id}", kitty, known.person.id, known.mxid)

    async def _in(self, room: str, upgrades: int = UPGRADES) -> Kitty | None:
        """The room's kitty; one that comes from an upgrade becomes this room's when it is first asked for."""
        found = await self._book.kitty_in(room)
        before = await self._rooms.predecessor(room) if found is None and upgrades else None
        older = await self._in(before, upgrades - 1) if before is not None else None
        if older is None:
            return found
        # Two who ask at the same time find the same; the first one writes it.
        with suppress(StaleError):
            await self._book.commit(Step(records=(replace(older, room=room),)))
        return await self._book.kitty_in(room)

    async def _fit(self, treasurers: Iterable[Treasurer], room: RoomFacts) -> frozenset[str]:
        """Whoever of them is in the room, may use the bot, and has not been frozen or erased."""
        found: set[str] = set()
        for one in treasurers:
            role = self._settings.permissions.role_of(one.mxid)
            ghost = self._settings.bridges.of(one.mxid) is not None
            person = await self._book.person(one.person)
            stopped = person is not None and (person.frozen or person.stopped or person.is_erased)
            if one.mxid in room.members and role >= Role.USER and not ghost and not stopped:
                found.add(one.person)
        return frozenset(found)
