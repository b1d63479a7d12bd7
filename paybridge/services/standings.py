"""What the region's rules depend on of a person: their zone, that they agree, how well they are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.people import LinkState, check_not_frozen
from paybridge.domain.proof import DeviceNotProvenError, Proof, may_move_money
from paybridge.domain.region import Level
from paybridge.domain.standing import Standing
from paybridge.domain.windows import UnknownZoneError, zone_named
from paybridge.services.ports import Book, Clock, PayeeMatch, Step

if TYPE_CHECKING:
    from paybridge.domain.people import Person
    from paybridge.services.holders import Holders
    from paybridge.services.people import Known
    from paybridge.services.settings import Settings


GOOD_DOCUMENT: Final = "SANDBOX-PASS"
"""A document that passes; every other one does not, and a real one is never asked for."""


class NoSuchZoneError(UserError):
    """No time zone is called so."""

    key = "error.no_such_zone"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!zone Europe/Berlin",)


class NameNotConfirmedError(UserError):
    """No account of the person is held by the name that they gave, as far as its rail tells."""

    key = "error.name_not_confirmed"

    def lines(self) -> tuple[str, ...]:
        return ("!link bank DE89 3704 0044 0532 0130 00 name Anna Schmidt",)


class DocumentRefusedError(UserError):
    """The document did not pass; of the sandbox's documents, only one does."""

    key = "error.document_refused"

    def lines(self) -> tuple[str, ...]:
        return (f"!limits raise {GOOD_DOCUMENT}",)


class KnownBestError(UserError):
    """There is no higher level."""

    key = "error.known_best"

    def lines(self) -> tuple[str, ...]:
        return ("!limits",)


class Standings:
    """Changes people's standings."""

    def __init__(self, book: Book, clock: Clock, settings: Settings, holders: Holders) -> None:
        self._book = book
        self._clock = clock
        self._region = settings.region
        self._required_trust = settings.required_trust
        self._holders = holders

    async def of(self, person: str) -> Standing:
        """The person's standing; of somebody of whom nothing is kept, the one to begin with."""
        return await self._book.standing(person) or Standing(person)

    async def move(self, known: Known, typed: str) -> tuple[Step, Standing]:
        """Say that the person lives in the zone of this IANA name, or `NoSuchZoneError`."""
        try:
            zone_named(typed)
        except UnknownZoneError:
            raise NoSuchZoneError(typed=typed[:40]) from None
        moved = (await self.of(known.person.id)).moving_to(typed, self._clock.now())
        return known.introduction + Step(records=(moved,)), moved

    async def rise(self, known: Known, proof: Proof, document: str) -> tuple[Step, Standing]:
        """The next level, and the step that gives it: by the name at a rail, then by a `document`.

        Raises `DeviceNotProvenError`, `FrozenError`, or what speaks against it. In the sandbox no document is
        read: a made-up one stands for one that passes.
        """
        if not may_move_money(proof, self._required_trust):
            raise DeviceNotProvenError
        check_not_frozen(known.person)
        standing = await self.of(known.person.id)
        risen = replace(standing, level=await self._next_level(known.person, standing.level, document))
        return Step(records=(risen,)), risen

    async def _next_level(self, person: Person, level: Level, document: str) -> Level:
        match level:
            case Level.UNCHECKED:
                if not await self._name_is_confirmed(person):
                    raise NameNotConfirmedError
                return Level.NAMED
            case Level.NAMED:
                if document.upper() != GOOD_DOCUMENT:
                    raise DocumentRefusedError
                return Level.CHECKED
            case Level.CHECKED:
                raise KnownBestError

    async def _name_is_confirmed(self, person: Person) -> bool:
        """Whether a rail says that an account of the person is held by exactly the name that they gave."""
        for link in await self._book.links(person.id):
            if link.state is not LinkState.VERIFIED:
                continue
            holder = await self._holders.check(person, link)
            if holder is not None and holder.match is PayeeMatch.MATCH:
                return True
        return False

    async def agree(self, person: str) -> Step:
        """What is to be written when the person agrees to the terms; nothing if they have agreed to these."""
        standing = await self.of(person)
        if standing.terms == self._region.terms:
            return Step()
        agreed = replace(standing, terms=self._region.terms, agreed=self._clock.now())
        return Step(records=(agreed,))
