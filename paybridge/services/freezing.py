"""Stopping everything of a person at once, and letting them go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.bundle import cards, parts_of
from paybridge.domain.errors import UserError
from paybridge.domain.people import StoppedError
from paybridge.domain.shop_session import closed
from paybridge.domain.transfer import NotPossibleNowError
from paybridge.services.factors import NoFactorError
from paybridge.services.ports import Book, Clock, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.facts import Facts
    from paybridge.domain.people import Person
    from paybridge.services.cancellations import Cancellations
    from paybridge.services.factors import Factors
    from paybridge.services.people import Known
    from paybridge.services.says import Say


class NotFrozenError(UserError):
    """There is nothing to unfreeze."""

    key = "error.not_frozen"

    def lines(self) -> tuple[str, ...]:
        return ("!help freeze",)


class IsNotFrozenError(UserError):
    """An operator names somebody whom there is nothing to unfreeze of."""

    key = "error.is_not_frozen"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class NoFactorToUnfreezeError(UserError):
    """Without a second factor nobody in the chat can end a freeze."""

    key = "error.no_factor_to_unfreeze"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Since when a person is frozen, how many cards and payments end with it, and which go on.

    What goes on (ids) had reached its rail, which is asked for nothing twice and cannot be asked to forget.
    """

    since: datetime
    step: Step
    says: tuple[Say, ...]
    ended: int
    going_on: Sequence[str]


def told_of(stopped: Stopped, reason: str = "") -> Facts:
    """What is said of it, to whoever was frozen: since when, what ended and what goes on."""
    return {
        "since": stopped.since,
        "ended": ({"count": stopped.ended},) if stopped.ended else (),
        "going_on": ({"payments": ", ".join(stopped.going_on)},) if stopped.going_on else (),
        "reason": ({"words": reason},) if reason else (),
    }


class Freezing:
    """The use cases around `!freeze`. It is kept apart from the freeze that a changed master key brings."""

    def __init__(self, book: Book, clock: Clock, cancellations: Cancellations, factors: Factors) -> None:
        self._book = book
        self._clock = clock
        self._cancellations = cancellations
        self._factors = factors

    async def freeze(self, known: Known) -> Stopped:
        """Let nothing of this person be paid from now on; what comes in still does.

        Open cards end, and so does what was approved and has not reached its rail: what it held is released.
        All of it is one step, which an approval in the same moment makes stale, or is made stale by.
        """
        since = known.person.frozen or self._clock.now()
        return await self._ended(known, since, replace(known.person, frozen=since))

    async def stop(self, known: Known) -> Stopped:
        """The same because an operator says so, who alone can end it."""
        since = known.person.stopped or self._clock.now()
        return await self._ended(known, since, replace(known.person, stopped=since))

    async def _ended(self, known: Known, since: datetime, person: Person) -> Stopped:
        records = (person, *known.introduction.records[1:])
        step = Step(records=() if person == known.person else records)
        says: tuple[Say, ...] = ()
        ended, going_on = 0, list[str]()
        if not known.is_new:
            seen = await self._book.shop_sessions(person.id)
            step += Step(records=tuple(closed(session) for session in seen))
            # Payments on one card end with it; the first of them stands for all.
            shown = [parts_of(card)[0] for card in cards(await self._book.awaiting_approval(person.id))]
            for transfer in (*shown, *await self._book.under_way(person.id)):
                try:
                    more, told = await self._cancellations.stop(transfer)
                except NotPossibleNowError:
                    going_on.append(transfer.id)
                    continue
                step, says = step + more, (*says, *told)
                ended += 1
        return Stopped(since, step, says, ended, going_on)

    @staticmethod
    def thaw(person: Person) -> Step:
        """End the person's own freeze because an operator says so; an operator's stays."""
        return Step(records=(replace(person, frozen=None),)) if person.frozen else Step()

    @staticmethod
    def let_go(person: Person) -> Step:
        """End an operator's freeze; the person's own stays."""
        return Step(records=(replace(person, stopped=None),)) if person.stopped else Step()

    async def unfreeze(self, known: Known, word: str, device: str | None) -> Step:
        """End the person's own freeze, for a code of their second factor or a recovery code.

        It is used up. Raises `StoppedError`, `NotFrozenError`, `NoFactorToUnfreezeError`, or a
        `CountedError`, whose step is to be written.
        """
        if known.person.stopped is not None:
            raise StoppedError(since=known.person.stopped)
        if known.person.frozen is None:
            raise NotFrozenError
        try:
            given, step = await self._factors.give(known.person, word, device)
        except NoFactorError as error:
            raise NoFactorToUnfreezeError from error
        return Step(records=(replace(known.person, frozen=None), given)) + step
