"""What people say of themselves that the region's rules depend on: their time zone, and that they agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.standing import Standing
from paybridge.domain.windows import UnknownZoneError, zone_named
from paybridge.services.ports import Book, Clock, Step

if TYPE_CHECKING:
    from paybridge.services.people import Known
    from paybridge.services.settings import Settings


class NoSuchZoneError(UserError):
    """No time zone is called so."""

    key = "error.no_such_zone"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!zone Europe/Berlin",)


class Standings:
    """Changes people's standings."""

    def __init__(self, book: Book, clock: Clock, settings: Settings) -> None:
        self._book = book
        self._clock = clock
        self._region = settings.region

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

    async def agree(self, person: str) -> Step:
        """What is to be written when the person agrees to the terms; nothing if they have agreed to these."""
        standing = await self.of(person)
        if standing.terms == self._region.terms:
            return Step()
        agreed = replace(standing, terms=self._region.terms, agreed=self._clock.now())
        return Step(records=(agreed,))
