"""What operators do in their room: looking at how things stand, freezing people, reading the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.acts import Act, ActKind, Deal
from paybridge.domain.errors import UserError
from paybridge.domain.motions import MotionKind
from paybridge.domain.own_cap import check_within_most
from paybridge.domain.permissions import NotAllowedError
from paybridge.domain.region import Level
from paybridge.services.carrying_out import capped
from paybridge.services.freezing import IsNotFrozenError, told_of
from paybridge.services.notes import open_note, seal_note
from paybridge.services.ports import SealBrokenError, Step
from paybridge.services.premises import NoPremisesError
from paybridge.services.rail_pauses import NoSuchRailError
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.money import Money
    from paybridge.domain.month import Month
    from paybridge.domain.motions import Motion
    from paybridge.domain.rail_pause import RailPause
    from paybridge.services.act_log import ActLog
    from paybridge.services.admin_book import Stood
    from paybridge.services.freezing import Freezing, Stopped
    from paybridge.services.limits import Limits
    from paybridge.services.motions import Motions
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, RoomFacts, Vault
    from paybridge.services.premises import Audited, Premises, RailCompared, Sight
    from paybridge.services.settings import Settings
    from paybridge.services.standings import Standings
    from paybridge.services.suspense import Suspense


MOST_EXPORTED: Final = 2_000_000
"""Letters of an export that a message takes."""


class StoppedAlreadyError(UserError):
    """An operator has frozen the person before."""

    key = "error.stopped_already"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class HasThisLevelError(UserError):
    """The person has this level already."""

    key = "error.has_this_level"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


class TooMuchToExportError(UserError):
    """The month is too long for a message."""

    key = "error.too_much_to_export"

    def __init__(self, *, month: Month) -> None:
        super().__init__(month=month)


@dataclass(frozen=True, slots=True)
class Overall:
    """Everything that `!admin status` tells."""

    sight: Sight
    payments: Mapping[str, int]
    still: Sequence[Stood]
    waiting: Sequence[Motion]
    last: Act | None
    audited: Act | None
    compared: Act | None
    paused: Sequence[RailPause]


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it is read: about which Matrix id, if it leads to anybody still, and for what reason."""

    act: Act
    about: str | None
    reason: str


class Administration:
    """The use cases around `!admin`."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that operators set in motion
        self,
        book: Book,
        vault: Vault,
        settings: Settings,
        log: ActLog,
        freezing: Freezing,
        premises: Premises | None,
        motions: Motions,
        suspense: Suspense,
        standings: Standings,
        limits: Limits,
    ) -> None:
        self._book = book
        self._vault = vault
        self._settings = settings
        self._log = log
        self._freezing = freezing
        self._premises = premises
        self._motions = motions
        self._suspense = suspense
        self._standings = standings
        self._limits = limits

    def check_room(self, room: RoomFacts) -> None:
        """Raise `NotAllowedError` anywhere but in the operators' room, which must be encrypted.

        It is what everybody else is told too: nobody learns where that room is.
        """
        if room.id != self._settings.admin_room or not room.encrypted:
            raise NotAllowedError

    @property
    def _house(self) -> Premises:
        if self._premises is None:
            raise NoPremisesError
        return self._premises

    async def overall(self) -> Overall:
        """How everything stands now."""
        admin = self._book.admin
        return Overall(
            await self._house.look(),
            await admin.open_payments(),
            await admin.standing_still(),
            await admin.waiting(),
            await admin.last_act(),
            await admin.last_of(ActKind.AUDIT),
            await admin.last_of(ActKind.RECONCILE),
            await admin.paused(),
        )

    async def freeze(self, admin: str, known: Known, reason: str) -> tuple[Step, Stopped]:
        """Let nothing of the person be paid until an operator lets them go; they are told.

        `reason` (any words, cut as a note is) is told to them and kept in the log, sealed. Raises
        `StoppedAlreadyError`.
        """
        if known.person.stopped is not None:
            raise StoppedAlreadyError(who=known.mxid)
        stopped = await self._freezing.stop(known)
        deal = Deal(person=known.person.id, reason=seal_note(self._vault, known.person, reason))
        return stopped.step + await self._log.write(admin, ActKind.FREEZE, deal), stopped

    def tell_frozen(self, event: str, known: Known, stopped: Stopped, reason: str) -> tuple[Say, ...]:
        """What the person is told, in their direct message, and what follows from it for others."""
        telling = Say(
            id=f"{event}/frozen",
            key="freeze.by_operator",
            language=known.person.language or self._settings.language,
            person=known.mxid,
            facts=told_of(stopped, reason),
        )
        return (telling, *stopped.says)

    async def unfreeze(self, admin: str, known: Known) -> tuple[Step, Motion]:
        """Ask that the person be let go: by operators if they froze them, else of their own freeze.

        Raises `IsNotFrozenError` or `AskedAlreadyError`.
        """
        person = known.person
        if person.stopped is None and person.frozen is None:
            raise IsNotFrozenError(who=known.mxid)
        kind = MotionKind.THAW if person.stopped is None else MotionKind.UNFREEZE
        return await self._motions.ask(admin, kind, person.id)

    async def limit(self, admin: str, known: Known, level: Level) -> tuple[Step, Motion | None]:
        """Give the person a level: a lower one at once (None), for a higher one it is asked.

        Raises `HasThisLevelError` or `AskedAlreadyError`.
        """
        person = known.person.id
        standing = await self._standings.of(person)
        if level is standing.level:
            raise HasThisLevelError(who=known.mxid)
        if list(Level).index(level) > list(Level).index(standing.level):
            step, motion = await self._motions.ask(admin, MotionKind.RAISE, person, level=level.value)
            return known.introduction + step, motion
        lowered = replace(standing, level=level)
        deal = Deal(person=person, told=level.value)
        written = await self._log.write(admin, ActKind.LOWER, deal)
        return known.introduction + Step(records=(lowered,)) + written, None

    async def cap(self, admin: str, known: Known, day: Money) -> tuple[Step, Motion | None]:
        """Set how much the person may send in a day: less at once (None), for more it is asked.

        Raises `NothingLimitedError`, `MoreThanTheRegionsMostError`, `HasThisLevelError` or
        `AskedAlreadyError`.
        """
        check_within_most(self._settings.region, day)
        person = known.person.id
        now = await self._limits.day_cap(person, day.currency)
        if now == day:
            raise HasThisLevelError(who=known.mxid)
        if now is not None and day > now:
            step, motion = await self._motions.ask(admin, MotionKind.RAISE, person, amount=day)
            return known.introduction + step, motion
        cap = await capped(self._book, person, day)
        deal = Deal(person=person, told=f"{day.plain()} {day.currency}")
        written = await self._log.write(admin, ActKind.LOWER, deal)
        return known.introduction + Step(records=(cap,)) + written, None

    async def assign(self, admin: str, payment: str, known: Known) -> tuple[Step, Motion, Money]:
        """Ask that what lies in suspense for the payment be given to one of its sides.

        Returns what they get, negative if they lose it. Raises what `Suspense.to_assign` does, and
        `AskedAlreadyError`.
        """
        total = await self._suspense.to_assign(payment, known.person.id, known.mxid)
        step, motion = await self._motions.ask(admin, MotionKind.ASSIGN, known.person.id, payment=payment)
        return step, motion, total

    async def write_off(self, admin: str, known: Known) -> tuple[Step, Motion, Money]:
        """Ask that the person owe no more what they owe; `OwesNothingError` or `AskedAlreadyError`."""
        owed = await self._suspense.owed(known.person.id, known.mxid)
        step, motion = await self._motions.ask(admin, MotionKind.WRITE_OFF, known.person.id, amount=owed)
        return step, motion, owed

    async def rails_named(self, typed: str) -> Sequence[str]:
        """The rail of this name, all of them if none is named; or `NoSuchRailError`."""
        rails = sorted((await self._house.look()).rails)
        if typed and typed not in rails:
            raise NoSuchRailError(typed=typed[:40], rails=", ".join(rails))
        return (typed,) if typed else rails

    async def rails(self) -> tuple[Mapping[str, str | None], Sequence[RailPause]]:
        """What is wrong with each rail, None where nothing is, and the rails that are paused."""
        return (await self._house.look()).rails, await self._book.admin.paused()

    async def compare(self, admin: str, typed: str) -> tuple[Step, Sequence[RailCompared]]:
        """Compare the books with the statement of the rail named so, or of all; or `NoSuchRailError`."""
        found = [await self._house.compare(rail) for rail in await self.rails_named(typed)]
        told = ", ".join(f"{one.rail}: {one.silent or one.differ}" for one in found)
        return await self._log.write(admin, ActKind.RECONCILE, Deal(told=told)), found

    async def export(self, admin: str, month: Month) -> tuple[Step, str]:
        """The books of a month (in UTC) for another bookkeeping program; or `TooMuchToExportError`."""
        text = await self._house.export(month, MOST_EXPORTED)
        if text is None:
            raise TooMuchToExportError(month=month)
        return await self._log.write(admin, ActKind.EXPORT, Deal(told=str(month))), text

    async def audit(self, admin: str) -> tuple[Step, Audited]:
        """Walk the whole ledger, and keep in the log what came of it."""
        audited = await self._house.audit()
        told = f"{len(audited.problems)} wrong of {audited.journals}, {audited.head}"
        return await self._log.write(admin, ActKind.AUDIT, Deal(told=told)), audited

    async def log(self, limit: int) -> Sequence[Entry]:
        """The newest acts, newest first."""
        return [await self._entry(act) for act in await self._log.newest(limit)]

    async def _entry(self, act: Act) -> Entry:
        if act.deal.person is None:
            return Entry(act, None, "")
        person = await self._book.person(act.deal.person)
        mxids = await self._book.mxids_of(act.deal.person)
        try:
            reason = open_note(self._vault, person, act.deal.reason) if person else None
        except SealBrokenError:
            reason = None
        return Entry(act, next(iter(mxids), None), reason or "")
