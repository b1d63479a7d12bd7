"""Waiting for a place of an event that is sold out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.ticket import Wait, WaitState, check_on_sale
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Chance, Clock
    from paybridge.services.tickets import Show


class PlacesLeftError(UserError):
    """Nobody needs to wait."""

    key = "error.places_left"

    def __init__(self, *, name: str, left: int) -> None:
        super().__init__(name=name, left=left)
        self._line = f'!ticket "{name}"'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class WaitsAlreadyError(UserError):
    """They are on the list, or have an offer."""

    key = "error.waits_already"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self._line = f'!ticket wait "{name}" leave'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class WaitsNotError(UserError):
    """They are not on the list."""

    key = "error.waits_not"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self._line = f'!ticket wait "{name}"'

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class TicketWaits:
    """The use cases of whoever waits."""

    def __init__(self, book: Book, clock: Clock, chance: Chance) -> None:
        self._book = book
        self._clock = clock
        self._chance = chance

    async def join(self, person: Known, show: Show) -> tuple[Step, int]:
        """Wait for one place; returns how many were there before.

        Raises SaleOverError, WaitsAlreadyError and PlacesLeftError.
        """
        check_on_sale(show.gig, show.name)
        if await self._book.wait(show.gig.id, person.person.id) is not None:
            raise WaitsAlreadyError(name=show.name)
        before = len(await self._book.waiting(show.gig.id))
        if show.gig.free > before:
            raise PlacesLeftError(name=show.name, left=show.gig.free - before)
        wait = Wait(
            id=self._chance.token(),
            gig=show.gig.id,
            person=person.person.id,
            state=WaitState.WAITING,
            created=self._clock.now(),
        )
        return person.introduction + Step(records=(wait,)), before

    async def leave(self, person: Known, show: Show) -> Step:
        """Wait no longer; what was offered is offered to the next. Raises WaitsNotError."""
        found = await self._book.wait(show.gig.id, person.person.id)
        if found is None:
            raise WaitsNotError(name=show.name)
        return Step(records=(replace(found, state=WaitState.GONE),))
