"""The log of what operators do: each act is linked to the one before it by a hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
NO_ACT: Final = bytes(32)
"""What stands for the hash of the act before the first one."""


class Via(StrEnum):
    """How an operator spoke."""

    ROOM = "room"
    COMMAND_LINE = "command_line"


class ActKind(StrEnum):
    """What was done. A kind is never taken away: the log keeps it for ever."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    THAW = "thaw"
    """Ended a person's own freeze, for somebody without a second factor."""
    RESET_FACTOR = "reset_factor"
    KEEP_FACTOR = "keep_factor"
    ACCEPT_IDENTITY = "accept_identity"
    RESTORE = "restore"
    ROTATE_KEYS = "rotate_keys"
    ASK = "ask"
    """Asked for something that waits."""
    STOP = "stop"
    APPROVE = "approve"
    CARRY_OUT = "carry_out"
    FAIL = "fail"
    """What was asked for could not be done when its time had come."""
    LAPSE = "lapse"
    """No second operator approved of it in time."""
    PAUSE = "pause"
    RESUME = "resume"
    RECONCILE = "reconcile"
    AUDIT = "audit"
    EXPORT = "export"
    LOWER = "lower"
    """Gave somebody a lower level."""


@dataclass(frozen=True, slots=True)
class Deal:
    """What an act was about: a `person` (opaque id), an order or payment, and details in words of ours.

    `reason` is what the operator gave as one, sealed for the person: it goes when they are erased.
    """

    person: str | None = None
    order: str | None = None
    told: str = ""
    reason: bytes | None = None


NOTHING_MORE: Final = Deal()


@dataclass(frozen=True, slots=True)
class Act:
    """One act: the `number` of its place in the log, who did it by which way, what, and about what.

    `by` is a Matrix id, or the name of an account of the machine. `prev_hash` is that of the act before.
    """

    number: int
    at: datetime
    by: str
    via: Via
    kind: ActKind
    deal: Deal
    prev_hash: bytes
    hash: bytes
    version: int = 0

    def is_sound(self, before: Act | None) -> bool:
        """Whether it says what it said when it was written, and follows on `before`."""
        return self == _linked(before, self.at, self.by, self.via, self.kind, self.deal, self.version)


def follow(
    before: Act | None, at: datetime, by: str, via: Via, kind: ActKind, deal: Deal = NOTHING_MORE
) -> Act:
    """The act that comes behind `before` in the log; None: it is the first."""
    return _linked(before, at, by, via, kind, deal, 0)


def _linked(
    before: Act | None, at: datetime, by: str, via: Via, kind: ActKind, deal: Deal, version: int
) -> Act:
    number = 1 if before is None else before.number + 1
    prev_hash = NO_ACT if before is None else before.hash
    said = [
        prev_hash.hex(),
        number,
        (at - _EPOCH) // _MICROSECOND,
        by,
        via.value,
        kind.value,
        deal.person,
        deal.order,
        deal.told,
        deal.reason.hex() if deal.reason else None,
    ]
    content = json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return Act(number, at, by, via, kind, deal, prev_hash, hashlib.sha256(content).digest(), version)
