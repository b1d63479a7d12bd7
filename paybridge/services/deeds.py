"""Doing what the operator decided about people at the command line, and telling them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.domain.factor import RESET_DELAY, FactorState, kept
from paybridge.domain.people import NOBODY
from paybridge.services.freezing import Freezing, told_of
from paybridge.services.people import Known
from paybridge.services.ports import Book, Clock, Step, StepRefusedError, Vault, Wakeup
from paybridge.services.says import Say, seal

if TYPE_CHECKING:
    from paybridge.domain.factor import Factor
    from paybridge.domain.facts import Facts
    from paybridge.domain.people import Person
    from paybridge.services.settings import Settings

LOOK_AGAIN_SECONDS: Final = 15.0
"""The command line is another program, which cannot ring."""

log = structlog.stdlib.get_logger(__name__)


class OwnBell(Protocol):
    """A bell that nobody rings: it only lets the time pass."""

    async def wait(self, patience: float | None, /) -> object:
        """Return when it rings, or after `patience` seconds."""


class Deeds:
    """Each decision is done once, in the step that says so; what it did is written down for ever."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        freezing: Freezing,
        wakeup: Wakeup,
        bell: OwnBell,
    ) -> None:
        self._book = book
        self._freezing = freezing
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._wakeup = wakeup
        self._bell = bell

    async def run(self) -> None:
        """Look for what was decided, for ever."""
        while True:
            await self.settle_down()
            await self._bell.wait(LOOK_AGAIN_SECONDS)

    async def settle_down(self) -> None:
        """Do what was decided by now, and end the factors whose time for a reset has come."""
        for deed in await self._book.open_deeds():
            person = await self._book.person(deed.person)
            assert person is not None  # a deed's person is a foreign key
            if deed.kind is DeedKind.FREEZE:
                step, key, facts = await self._freeze(person)
            else:
                step, key, facts = await self._do(deed, person)
            # The operator's own record of what was done: by whose hand, about whom, when.
            log.warning("operator_deed", deed=deed.id, kind=deed.kind.value, person=person.id, did=key)
            done = Step(records=(replace(deed, done=self._clock.now()),))
            await self._commit(done + step, person, f"deed/{deed.id}", key, facts)
        for factor in await self._book.factors_to_reset():
            if factor.state is FactorState.ACTIVE and not factor.is_active(self._clock.now()):
                await self._end(factor)

    async def _do(self, deed: Deed, person: Person) -> tuple[Step, str | None, Facts]:
        if deed.kind is DeedKind.UNFREEZE:
            return Freezing.thaw(person), "freeze.over_by_operator" if person.frozen else None, {}
        factor = await self._book.factor(person.id)
        if factor is None or not factor.is_active(self._clock.now()):
            return Step(), None, {}
        if deed.kind is DeedKind.KEEP_FACTOR:
            return Step(records=(kept(factor),)), "mfa.reset_stopped" if factor.reset_at else None, {}
        if factor.reset_at is not None:
            return Step(), None, {}
        until = self._clock.now() + RESET_DELAY
        return Step(records=(replace(factor, reset_at=until),)), "mfa.reset_waits", {"until": until}

    async def _freeze(self, person: Person) -> tuple[Step, str | None, Facts]:
        if person.stopped:
            return Step(), None, {}
        mxids = await self._book.mxids_of(person.id)
        stopped = await self._freezing.stop(Known(person, next(iter(mxids), NOBODY), Step()))
        posts = tuple(seal(self._vault, say, self._clock.now()) for say in stopped.says)
        return stopped.step + Step(posts=posts), "freeze.by_operator", told_of(stopped)

    async def _end(self, factor: Factor) -> None:
        person = await self._book.person(factor.person)
        assert person is not None  # a factor's person is a foreign key
        off = Step(records=(replace(factor, state=FactorState.OFF, reset_at=None),))
        log.warning("factor_reset", person=person.id)
        await self._commit(off, person, f"factor/{person.id}/reset/{factor.version}", "mfa.reset_done", {})

    async def _commit(self, step: Step, person: Person, name: str, key: str | None, facts: Facts) -> None:
        now = self._clock.now()
        language = person.language or self._settings.language
        mxids = await self._book.mxids_of(person.id) if key else ()
        says = [
            Say(
                id=f"{name}/{mxid}",
                key=key,
                language=language,
                person=mxid,
                facts=facts,
                lines=("!mfa keep",) if key == "mfa.reset_waits" else (),
            )
            for mxid in mxids
            if key
        ]
        posts = tuple(seal(self._vault, say, now) for say in says)
        try:
            await self._book.commit(step + Step(posts=posts))
        except StepRefusedError as refused:
            # Somebody typed in that moment: it is decided again on what is true then.
            log.info("deed_waits", why=type(refused).__name__)
        self._wakeup.ring()
