"""Doing what an operator asked for, once it has waited or a second one has approved of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from paybridge.domain.motions import MotionKind
from paybridge.domain.own_cap import OwnCap, own_cap_id
from paybridge.domain.people import NOBODY
from paybridge.domain.region import Level
from paybridge.services.freezing import Freezing, IsNotFrozenError
from paybridge.services.ports import Book, Step

if TYPE_CHECKING:
    from paybridge.domain.facts import Facts
    from paybridge.domain.money import Money
    from paybridge.domain.motions import Motion
    from paybridge.domain.people import Person
    from paybridge.services.standings import Standings
    from paybridge.services.suspense import Suspense


async def capped(book: Book, person: str, day: Money) -> OwnCap:
    """The record that lets the person send `day` in a day, in its currency."""
    kept = await book.admin.own_cap(person, day.currency)
    return OwnCap(own_cap_id(person, day.currency), person, day) if kept is None else replace(kept, day=day)


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """The step that does it, and what the person is told (the key and facts of a sentence)."""

    step: Step
    key: str
    facts: Facts = field(default_factory=dict)


class CarryingOut:
    """One way to do it for each kind of motion."""

    def __init__(self, book: Book, suspense: Suspense, standings: Standings) -> None:
        self._book = book
        self._suspense = suspense
        self._standings = standings

    async def do(self, motion: Motion) -> CarriedOut:
        """What the motion comes to now; or a `UserError`, if what it was about is not so any more."""
        person = await self._book.person(motion.person)
        assert person is not None  # nobody's row is ever deleted
        who = next(iter(await self._book.mxids_of(person.id)), NOBODY)
        match motion.kind:
            case MotionKind.UNFREEZE | MotionKind.THAW:
                return self._unfreeze(motion, person, who)
            case MotionKind.RAISE:
                return await self._raise(motion)
            case MotionKind.ASSIGN:
                assert motion.payment is not None  # so it was made
                step, total = await self._suspense.assign(motion.payment, person.id, who)
                key = "suspense.given" if total.is_positive else "suspense.taken"
                amount = total if total.is_positive else -total
                return CarriedOut(step, key, {"payment": motion.payment, "amount": amount})
            case MotionKind.WRITE_OFF:
                assert motion.amount is not None  # so it was made
                step = await self._suspense.write_off(motion.id, person.id, who, motion.amount)
                return CarriedOut(step, "suspense.written_off", {"amount": motion.amount})

    @staticmethod
    def _unfreeze(motion: Motion, person: Person, who: str) -> CarriedOut:
        done = Freezing.let_go(person) if motion.kind is MotionKind.UNFREEZE else Freezing.thaw(person)
        if not done.records:
            raise IsNotFrozenError(who=who)
        other = person.frozen if motion.kind is MotionKind.UNFREEZE else person.stopped
        return CarriedOut(done, "freeze.half_over_by_operator" if other else "freeze.over_by_operator")

    async def _raise(self, motion: Motion) -> CarriedOut:
        if motion.amount is not None:
            cap = await capped(self._book, motion.person, motion.amount)
            return CarriedOut(Step(records=(cap,)), "limits.set", {"most": motion.amount})
        assert motion.level is not None  # so it was made
        level = Level(motion.level)
        standing = await self._standings.of(motion.person)
        return CarriedOut(Step(records=(replace(standing, level=level),)), f"limits.raised.{level}")
