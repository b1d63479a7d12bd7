"""What operators asked for that waits: asking, stopping, approving, and doing it when its time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from paybridge.domain.acts import ActKind, Deal, Via
from paybridge.domain.errors import UserError
from paybridge.domain.motions import (
    LIFE,
    Motion,
    MotionKind,
    MotionState,
    NoSuchMotionError,
    approve,
    end,
    motion_id,
)
from paybridge.domain.people import NOBODY
from paybridge.domain.permissions import NotAllowedError, Role
from paybridge.services.deeds import LOOK_AGAIN_SECONDS, OwnBell
from paybridge.services.ports import Book, Chance, Clock, Step, StepRefusedError, Vault, Wakeup
from paybridge.services.says import Say, seal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.facts import Facts
    from paybridge.domain.money import Money
    from paybridge.services.act_log import ActLog
    from paybridge.services.carrying_out import CarriedOut, CarryingOut
    from paybridge.services.settings import Settings

log = structlog.stdlib.get_logger(__name__)


class AskedAlreadyError(UserError):
    """The same waits already."""

    key = "error.asked_already"

    def __init__(self, *, motion: str, by: str) -> None:
        super().__init__(motion=motion, by=by)


class Motions:
    """Each motion ends once, in the step that does what it is about and writes it into the log."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        acts: ActLog,
        carrying_out: CarryingOut,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._acts = acts
        self._carrying_out = carrying_out
        self._announced: set[str] = set()

    async def run(self, wakeup: Wakeup, bell: OwnBell) -> None:
        """Look for ever; the command line, another program, cannot ring."""
        while True:
            if await self.look():
                wakeup.ring()
            await bell.wait(LOOK_AGAIN_SECONDS)

    async def ask(
        self,
        by: str,
        kind: MotionKind,
        person: str,
        *,
        payment: str | None = None,
        amount: Money | None = None,
        level: str | None = None,
    ) -> tuple[Step, Motion]:
        """Ask for something: it waits from now on. `AskedAlreadyError` if the same waits already."""
        for other in await self.waiting():
            if (other.kind, other.person, other.payment) == (kind, person, payment):
                raise AskedAlreadyError(motion=other.id, by=other.by)
        now = self._clock.now()
        needs_second = self._settings.two_admins
        motion = Motion(
            motion_id(self._chance.number()),
            kind,
            by,
            Via.ROOM,
            person,
            now,
            now + (LIFE if needs_second else self._settings.admin_delay),
            needs_second,
            payment,
            amount,
            level,
        )
        return Step(records=(motion,)) + await self._write(by, ActKind.ASK, motion), motion

    async def waiting(self) -> Sequence[Motion]:
        """Everything that waits, by its time."""
        return await self._book.admin.waiting()

    async def told(self, motion: Motion) -> str:
        """The motion as somebody would type it."""
        return motion.told(next(iter(await self._book.mxids_of(motion.person)), NOBODY))

    async def stop(self, by: str, name: str) -> tuple[Step, Motion]:
        """Stop what waits; `NoSuchMotionError` or `MotionOverError`."""
        stopped = end(await self._found(name), MotionState.STOPPED, self._clock.now(), by)
        return Step(records=(stopped,)) + await self._write(by, ActKind.STOP, stopped), stopped

    async def approve(self, by: str, name: str) -> tuple[Step, Motion]:
        """Approve as the second operator of what waits for one, and do it in the same step.

        Raises `NoSuchMotionError`, `MotionOverError`, `OwnMotionError`, `NoSecondNeededError`, or what speaks
        against doing it.
        """
        motion = await self._found(name)
        approved = approve(motion, by, self._clock.now())
        await self._check_may_still_ask(motion)
        done = await self._carrying_out.do(motion)
        step = Step(records=(approved,)) + done.step + await self._write(by, ActKind.APPROVE, approved)
        return step + await self._telling(approved, done), approved

    async def look(self) -> bool:
        """Tell the room of what was asked for beside it, and end everything whose time has come.

        Returns whether there was anything to be done.
        """
        found = False
        for motion in await self._book.admin.waiting():
            if motion.via is Via.COMMAND_LINE and motion.id not in self._announced:
                await self._announce(motion)
                found = True
            if motion.due <= self._clock.now():
                await self._end(motion)
                found = True
        return found

    async def _end(self, motion: Motion) -> None:
        now = self._clock.now()
        done: CarriedOut | None = None
        against: UserError | None = None
        if not motion.needs_second:
            try:
                await self._check_may_still_ask(motion)
                done = await self._carrying_out.do(motion)
            except UserError as error:
                against = error
        if done is not None:
            state, act = MotionState.DONE, ActKind.CARRY_OUT
        elif against is not None:
            state, act = MotionState.FAILED, ActKind.FAIL
        else:
            state, act = MotionState.LAPSED, ActKind.LAPSE
        why = against.key if against else None
        ended = end(motion, state, now, why=why)
        step = Step(records=(ended,)) + await self._write(motion.by, act, ended, why)
        if done is not None:
            step += done.step + await self._telling(ended, done)
        step += self._in_the_room(motion, f"admin.motion_{state}", await self._facts(motion))
        if against is not None:
            step += self._in_the_room(motion, against.key, against.facts())
        await self._commit(step, motion)

    async def _facts(self, motion: Motion) -> Facts:
        what = await self.told(motion)
        return {"id": motion.id, "what": what, "by": motion.by, "until": motion.due}

    async def _commit(self, step: Step, motion: Motion) -> None:
        try:
            await self._book.commit(step)
        except StepRefusedError as refused:
            # Somebody stopped it in that moment, or what it is about has changed: it is looked at again.
            log.info("motion waits", motion=motion.id, why=type(refused).__name__)

    async def _announce(self, motion: Motion) -> None:
        """Say once in the room what was asked for at the command line, so that it can be stopped."""
        self._announced.add(motion.id)
        key = "admin.motion_needs_second" if motion.needs_second else "admin.motion_waits"
        said = self._in_the_room(motion, key, await self._facts(motion), _lines(motion))
        await self._commit(said, motion)

    async def _check_may_still_ask(self, motion: Motion) -> None:
        """Raise `NotAllowedError` if whoever asked in the room is no operator any more, or was frozen."""
        if motion.via is not Via.ROOM:
            return
        person = await self._book.person_of(motion.by)
        frozen = person is not None and (person.frozen or person.stopped) is not None
        if frozen or self._settings.permissions.role_of(motion.by) < Role.ADMIN:
            raise NotAllowedError

    async def _found(self, name: str) -> Motion:
        motion = await self._book.admin.motion(name)
        if motion is None:
            raise NoSuchMotionError(motion=name)
        return motion

    async def _write(self, by: str, kind: ActKind, motion: Motion, why: str | None = None) -> Step:
        # Nobody's Matrix id: those of the log can be found as long as they are anybody's.
        told = motion.told("them") + (f": {why}" if why else "")
        via = motion.via if kind in {ActKind.CARRY_OUT, ActKind.FAIL, ActKind.LAPSE} else Via.ROOM
        return await self._acts.write(by, kind, Deal(motion.person, motion.id, told), via)

    async def _telling(self, motion: Motion, done: CarriedOut) -> Step:
        """What the person is told, in their direct message."""
        person = await self._book.person(motion.person)
        language = (person.language if person else None) or self._settings.language
        return Step(
            posts=tuple(
                seal(
                    self._vault,
                    Say(
                        f"motion/{motion.id}/{mxid}",
                        key=done.key,
                        language=language,
                        person=mxid,
                        facts=done.facts,
                    ),
                    self._clock.now(),
                )
                for mxid in await self._book.mxids_of(motion.person)
            )
        )

    def _in_the_room(self, motion: Motion, key: str, facts: Facts, lines: tuple[str, ...] = ()) -> Step:
        room = self._settings.admin_room
        if room is None:
            return Step()
        say = Say(
            f"motion/{motion.id}/{key}",
            key=key,
            language=self._settings.language,
            room=room,
            facts=facts,
            lines=lines,
        )
        return Step(posts=(seal(self._vault, say, self._clock.now()),))


def _lines(motion: Motion) -> tuple[str, ...]:
    return (f"!admin approve {motion.id}",) if motion.needs_second else (f"!admin stop {motion.id}",)
