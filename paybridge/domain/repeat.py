"""A repeat: a payment that its payer approved once, strongly, and that then comes round by itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ids import code_for
from paybridge.domain.rhythm import moment_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from paybridge.domain.money import Money
    from paybridge.domain.rhythm import Rhythm

NOTICE: Final = timedelta(hours=24)
"""Nothing is paid unless its payer was told of it so long before."""
ANNOUNCED: Final = timedelta(hours=25)
"""When they are told, before the time of the payment; what comes an hour late still leaves them their day."""
LATE: Final = timedelta(days=7)
"""What is later than that, as after a long downtime, is not paid any more without asking."""
MOST_TRIES: Final = 3
AGAIN: Final = timedelta(days=1)


class RepeatState(StrEnum):
    """Where a repeat stands; `offered` waits for its approval, and `ended` is for good."""

    OFFERED = "offered"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Ending(StrEnum):
    """Why a repeat is paused or has ended."""

    ASKED = "asked"
    FAILED = "failed"
    LAPSED = "lapsed"
    DONE = "done"
    REPLACED = "replaced"


class ErrandOfRepeat(StrEnum):
    """What is to be done about a repeat now."""

    LAPSE = "lapse"
    NOTICE = "notice"
    PAY = "pay"
    TOO_LATE = "too_late"
    MAY_BE_PAID = "may_be_paid"
    """It fell due before the books were restored from a backup, which may know nothing of its payment."""


class CapTooLowError(UserError):
    """The most that may be paid by itself is less than the amount, or in another currency."""

    key = "error.cap_too_low"

    def __init__(self, *, amount: Money) -> None:
        super().__init__(amount=amount)


class RepeatNotPossibleNowError(UserError):
    """The repeat has no such move from where it stands; nothing changes."""

    key = "error.repeat_not_possible_now"

    def __init__(self, *, repeat: str, state: str) -> None:
        super().__init__(payment=repeat, state=str(state))

    def lines(self) -> tuple[str, ...]:
        return ("!repeat",)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A payment that comes round: from `payer` to `payee` (person ids), until a day or without end.

    `cap` is the most that one payment of it may be changed to without another approval. `number` counts the
    periods from 0: it is that of the next one to be paid. `act` is when something is to be done next. `told`
    is when the payer was told of this period's payment, `tries` how often that was refused, and `transfer`
    the payment that is under way for it. `replaces` is the repeat whose place this one takes once approved.
    `club` is the membership that it pays for, if any.
    """

    id: str
    state: RepeatState
    payer: str
    payer_mxid: str
    payee: str
    payee_mxid: str
    amount: Money
    cap: Money
    rhythm: Rhythm
    until: date | None
    room: str
    created: datetime
    nonce: str
    number: int = 0
    act: datetime | None = None
    told: datetime | None = None
    tries: int = 0
    transfer: str | None = None
    ending: Ending | None = None
    note: bytes | None = None
    replaces: str | None = None
    club: str | None = None
    version: int = 0

    @property
    def day(self) -> date:
        """The local day of the next period."""
        return self.rhythm.day_at(self.number)

    @property
    def terms(self) -> str:
        """What is approved: any change of it makes another code."""
        until = "" if self.until is None else self.until.isoformat()
        rhythm = self.rhythm
        often = f"{rhythm.every} {rhythm.unit} {rhythm.start.isoformat()} {rhythm.day}"
        sums = f"{self.amount.plain()} {self.cap.plain()} {self.amount.currency}"
        what = (self.id, sums, self.payee, self.payee_mxid, often, until, self.replaces or "")
        return "\n".join(what if self.club is None else (*what, self.club))

    @property
    def code(self) -> str:
        """The approval code of exactly these terms (RTS 2018/389 articles 5 and 14)."""
        return code_for(self.terms, self.nonce)


@dataclass(frozen=True, slots=True)
class Instalment:
    """The payment that was made for one period of a repeat; a database has one row for each, for ever."""

    id: str
    repeat: str
    number: int
    day: date
    transfer: str
    version: int = 0


def instalment_of(repeat: Repeat, transfer: str) -> Instalment:
    """The row for the period that the repeat is at."""
    return Instalment(f"{repeat.id}/{repeat.number}", repeat.id, repeat.number, repeat.day, transfer)


def check_cap(amount: Money, cap: Money) -> None:
    """Raise CapTooLowError unless one payment of `amount` is within `cap`."""
    if cap.currency != amount.currency or cap < amount:
        raise CapTooLowError(amount=amount)


def approved(repeat: Repeat, at: datetime, zone: tzinfo) -> Repeat:
    """The repeat from its approval on; its first day stood on the card, which is notice enough for it."""
    _check(repeat, RepeatState.OFFERED)
    first = _planned(replace(repeat, state=RepeatState.ACTIVE), 0, zone)
    if first.act is not None and first.act < at:
        return replace(first, told=at, act=max(moment_of(first.day, zone), at))
    return first


def _planned(repeat: Repeat, number: int, zone: tzinfo) -> Repeat:
    """The repeat at the period `number`, of which its payer is told a day before; else ended."""
    moved = replace(repeat, number=number, told=None, tries=0, transfer=None)
    if repeat.until is not None and moved.day > repeat.until:
        return replace(moved, state=RepeatState.ENDED, ending=Ending.DONE, act=None)
    return replace(moved, act=moment_of(moved.day, zone) - ANNOUNCED)


def errand(repeat: Repeat, at: datetime, zone: tzinfo, restored: datetime | None = None) -> ErrandOfRepeat:
    """What is to be done about a repeat whose `act` has come; `restored` is when the books were, if ever."""
    assert repeat.act is not None  # only such are looked for
    if repeat.state is RepeatState.OFFERED:
        return ErrandOfRepeat.LAPSE
    due = moment_of(repeat.day, zone)
    if restored is not None and due <= restored:
        return ErrandOfRepeat.MAY_BE_PAID
    if at > max(due, repeat.act) + LATE:
        return ErrandOfRepeat.TOO_LATE
    return ErrandOfRepeat.NOTICE if repeat.told is None else ErrandOfRepeat.PAY


def lapsed(repeat: Repeat) -> Repeat:
    """Nobody approved it in time."""
    _check(repeat, RepeatState.OFFERED)
    return replace(repeat, state=RepeatState.ENDED, ending=Ending.LAPSED, act=None)


def told(repeat: Repeat, at: datetime, zone: tzinfo) -> Repeat:
    """The payer is told at `at`: it is paid at its time, and a whole notice later if that came too late."""
    _check(repeat, RepeatState.ACTIVE)
    return replace(repeat, told=at, act=max(moment_of(repeat.day, zone), at + NOTICE))


def under_way(repeat: Repeat, transfer: str) -> Repeat:
    """A payment of this period was approved and has not ended."""
    _check(repeat, RepeatState.ACTIVE)
    return replace(repeat, transfer=transfer, act=None)


def paid(repeat: Repeat, zone: tzinfo) -> Repeat:
    """Done with this period: it is paid, or never to be. A repeat that is paused stays so."""
    if repeat.state is RepeatState.ENDED:
        return replace(repeat, transfer=None)
    moved = _planned(repeat, repeat.number + 1, zone)
    return replace(moved, act=None) if moved.state is RepeatState.PAUSED else moved


def refused(repeat: Repeat, at: datetime) -> Repeat:
    """A payment was refused: it is tried again a day later, and the repeat pauses after three times."""
    tries = repeat.tries + 1
    counted = replace(repeat, tries=tries, transfer=None)
    if repeat.state is not RepeatState.ACTIVE:
        return counted
    if tries >= MOST_TRIES:
        return replace(counted, state=RepeatState.PAUSED, ending=Ending.FAILED, act=None)
    return replace(counted, act=at + AGAIN)


def later(repeat: Repeat, at: datetime) -> Repeat:
    """Nothing could be asked now: it is tried again at `at`, which is no try of its own."""
    return replace(repeat, act=at)


def paused(repeat: Repeat) -> Repeat:
    """Its payer wants it to wait."""
    _check(repeat, RepeatState.ACTIVE)
    return replace(repeat, state=RepeatState.PAUSED, ending=Ending.ASKED, act=None)


def resumed(repeat: Repeat, at: datetime, zone: tzinfo) -> Repeat:
    """It goes on with the first period that is still to come; what fell into the pause is not paid."""
    _check(repeat, RepeatState.PAUSED)
    active = replace(repeat, state=RepeatState.ACTIVE, ending=None)
    if repeat.transfer is not None:
        return active
    return _next_from(active, repeat.number, at, zone)


def skipped(repeat: Repeat, zone: tzinfo) -> Repeat:
    """The next period that nothing is under way for is left out."""
    _check(repeat, RepeatState.ACTIVE)
    if repeat.transfer is not None:
        raise RepeatNotPossibleNowError(repeat=repeat.id, state=repeat.state)
    return _planned(repeat, repeat.number + 1, zone)


def too_late(repeat: Repeat, zone: tzinfo) -> Repeat:
    """The next period instead of one so long past that only its payer can say what they still want."""
    _check(repeat, RepeatState.ACTIVE)
    return _planned(repeat, repeat.number + 1, zone)


def stopped(repeat: Repeat, why: Ending = Ending.ASKED) -> Repeat:
    """It ends for good; a payment that is under way goes on."""
    if repeat.state is RepeatState.ENDED:
        raise RepeatNotPossibleNowError(repeat=repeat.id, state=repeat.state)
    return replace(repeat, state=RepeatState.ENDED, ending=why, act=None)


def changed(repeat: Repeat, amount: Money) -> Repeat:
    """Another amount from the next period on, within the cap that was approved."""
    if repeat.state not in {RepeatState.ACTIVE, RepeatState.PAUSED}:
        raise RepeatNotPossibleNowError(repeat=repeat.id, state=repeat.state)
    check_cap(amount, repeat.cap)
    return replace(repeat, amount=amount)


def repriced(repeat: Repeat, amount: Money, at: datetime) -> Repeat:
    """What its payee asks from the next period on, within the cap; of more than was told, it is told anew."""
    priced = changed(repeat, amount)
    if priced.act is None or repeat.told is None or amount <= repeat.amount:
        return priced
    return replace(priced, told=None, act=at)


def following(repeat: Repeat) -> Rhythm:
    """The rhythm from the first period on that nothing was paid for yet, or is under way."""
    number = repeat.number + (repeat.transfer is not None)
    return replace(repeat.rhythm, start=repeat.rhythm.day_at(number))


def _next_from(repeat: Repeat, number: int, at: datetime, zone: tzinfo) -> Repeat:
    while moment_of(repeat.rhythm.day_at(number), zone) <= at:
        number += 1
    return _planned(repeat, number, zone)


def _check(repeat: Repeat, state: RepeatState) -> None:
    if repeat.state is not state:
        raise RepeatNotPossibleNowError(repeat=repeat.id, state=repeat.state)
