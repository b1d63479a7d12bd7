"""What an operator wants done that moves money or loosens something: it waits."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.acts import Via
from paybridge.domain.errors import UserError
from paybridge.domain.ids import ALPHABET, spell

if TYPE_CHECKING:
    from paybridge.domain.money import Money

LIFE: Final = timedelta(hours=24)
"""How long a motion waits for a second operator."""
_ID: Final = re.compile(f"A-?([{ALPHABET}]{{5}})")


class MotionKind(StrEnum):
    """What is to be done."""

    UNFREEZE = "unfreeze"
    """End an operator's freeze."""
    THAW = "thaw"
    """End a freeze that the person began, who has no second factor."""
    RAISE = "raise"
    """Give a person a higher level, and with it higher limits; or an amount, for a day."""
    ASSIGN = "assign"
    """Give what lies in suspense for a payment to one of its two sides."""
    WRITE_OFF = "write_off"
    """Let a person owe nothing any more."""


class MotionState(StrEnum):
    """Where a motion stands; only a waiting one can change."""

    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    LAPSED = "lapsed"


class NotAMotionIdError(UserError):
    """The word is not the id of anything that could wait."""

    key = "error.not_a_motion_id"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class NoSuchMotionError(UserError):
    """No operator asked for anything under this id."""

    key = "error.no_such_motion"

    def __init__(self, *, motion: str) -> None:
        super().__init__(motion=motion)


class MotionOverError(UserError):
    """It does not wait any more."""

    key = "error.motion_over"

    def __init__(self, *, motion: str, ended: datetime) -> None:
        super().__init__(motion=motion, ended=ended)


class OwnMotionError(UserError):
    """Whoever asked cannot be the second operator too."""

    key = "error.own_motion"

    def __init__(self, *, motion: str) -> None:
        super().__init__(motion=motion)


class NoSecondNeededError(UserError):
    """It waits for its time only."""

    key = "error.no_second_needed"

    def __init__(self, *, motion: str, until: datetime) -> None:
        super().__init__(motion=motion, until=until)


@dataclass(frozen=True, slots=True)
class Motion:
    """One motion, by whom and how it was asked for, about a `person` (opaque id).

    `payment` and `amount` say what of their money, `level` which limits. It is carried out at `due`, or, if
    it `needs_second`, once another operator approves of it before then. `ended_by` is who stopped it or
    approved of it, `why` the key of what spoke against it in the end.
    """

    id: str
    kind: MotionKind
    by: str
    via: Via
    person: str
    at: datetime
    due: datetime
    needs_second: bool
    payment: str | None = None
    amount: Money | None = None
    level: str | None = None
    state: MotionState = MotionState.WAITING
    ended: datetime | None = None
    ended_by: str | None = None
    why: str | None = None
    version: int = 0

    def told(self, who: str) -> str:
        """The motion as somebody would type it, about the person who is called so."""
        match self.kind:
            case MotionKind.UNFREEZE | MotionKind.THAW:
                return f"unfreeze {who}"
            case MotionKind.RAISE:
                if self.amount is not None:
                    return f"limits {who} {self.amount.plain()} {self.amount.currency}"
                return f"limits {who} {self.level}"
            case MotionKind.ASSIGN:
                return f"suspense {self.payment} to {who}"
            case MotionKind.WRITE_OFF:
                return f"suspense {who} write-off"


def motion_id(number: int) -> str:
    """The id that `number` (random, handed in) spells: `A-` and five letters."""
    return "A-" + spell(number, 5)


def read_motion_id(word: str) -> str:
    """The id in `word`, in any case, or `NotAMotionIdError`."""
    found = _ID.fullmatch(word.strip().upper())
    if found is None:
        raise NotAMotionIdError(typed=word[:40])
    return "A-" + found[1]


def end(
    motion: Motion, state: MotionState, at: datetime, by: str | None = None, why: str | None = None
) -> Motion:
    """The motion when it has ended so, or `MotionOverError` if it ended before."""
    if motion.state is not MotionState.WAITING:
        assert motion.ended is not None  # the table says the same
        raise MotionOverError(motion=motion.id, ended=motion.ended)
    return replace(motion, state=state, ended=at, ended_by=by, why=why)


def approve(motion: Motion, by: str, at: datetime) -> Motion:
    """The motion approved of by a second operator.

    Raises `MotionOverError`, `OwnMotionError` or `NoSecondNeededError`.
    """
    approved = end(motion, MotionState.DONE, at, by)
    if not motion.needs_second:
        raise NoSecondNeededError(motion=motion.id, until=motion.due)
    if by == motion.by:
        raise OwnMotionError(motion=motion.id)
    if at >= motion.due:
        raise MotionOverError(motion=motion.id, ended=motion.due)
    return approved
