"""A person's second factor: one-time codes by time (RFC 6238), each used once, locked after wrong ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

STEP: Final = timedelta(seconds=30)
"""How long a code is shown; RFC 6238 section 5.2 recommends it."""
WINDOW: Final = 1
"""So many steps back a code is still taken: who types needs a moment."""
WARN_AT: Final = 3
LOCK_AT: Final = 5
FIRST_LOCK: Final = timedelta(minutes=15)
LONGEST_LOCK: Final = timedelta(hours=24)
RESET_DELAY: Final = timedelta(hours=24)
"""How long somebody who is not the operator's caller has to stop a reset of their factor."""
MOST_DEVICES: Final = 20
_MOST_DOUBLINGS: Final = 10
_SIX_DIGITS: Final = re.compile(r"(?<![0-9])([0-9]{3}) ?([0-9]{3})(?![0-9])")
_NOTHING_ELSE: Final = re.compile(r"[0-9]{3} ?[0-9]{3}")


class FactorState(StrEnum):
    """Whether codes count yet."""

    PENDING = "pending"
    ACTIVE = "active"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Factor:
    """A person's authenticator.

    `secret` is sealed. `last_step` is the newest step whose code was used: it and all before it are used for
    ever. `wrong` counts wrong codes since the last right one. `reset_at` is when an operator's reset takes
    effect. `strong_at` is the last approval with a code; `light_count` and `light_sum` (minor units) are the
    payments approved without one since then. `devices` have given a right code before.
    """

    person: str
    secret: bytes
    state: FactorState
    since: datetime
    last_step: int = 0
    wrong: int = 0
    locked_until: datetime | None = None
    reset_at: datetime | None = None
    light_count: int = 0
    light_sum: int = 0
    devices: tuple[str, ...] = ()
    version: int = 0

    def is_active(self, now: datetime) -> bool:
        """Whether it must be asked for: an operator's reset ends it once its time has come."""
        return self.state is FactorState.ACTIVE and (self.reset_at is None or now < self.reset_at)

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """One way back in when the authenticator is lost: an argon2id hash, and whether it was used."""

    id: str
    person: str
    hash: str
    used: bool = False
    version: int = 0


def step_at(now: datetime) -> int:
    """The number of the time step, counted from 1970 UTC."""
    return int(now.astimezone(UTC).timestamp() // STEP.total_seconds())


def steps_taken(factor: Factor, now: datetime) -> tuple[int, ...]:
    """The steps whose codes are taken now, newest first; none that was used, nor any before one that was."""
    current = step_at(now)
    return tuple(step for step in range(current, current - WINDOW - 1, -1) if step > factor.last_step)


def used(factor: Factor, step: int, device: str | None = None) -> Factor:
    """The factor after a right code of this step; `device` is known from now on."""
    devices = factor.devices
    if device is not None and device not in devices:
        devices = (*devices, device)[-MOST_DEVICES:]
    return replace(factor, last_step=step, wrong=0, locked_until=None, reset_at=None, devices=devices)


def kept(factor: Factor) -> Factor:
    """The factor once its owner, or the operator, has stopped a reset that waited."""
    return replace(factor, reset_at=None)


def burnt(factor: Factor, step: int) -> Factor:
    """The factor after a right code was shown to others: it is used up, and counts for nothing."""
    return replace(factor, last_step=step)


def failed(factor: Factor, now: datetime) -> Factor:
    """The factor after a wrong code: from the fifth on it is locked, for twice as long each time."""
    wrong = factor.wrong + 1
    if wrong < LOCK_AT:
        return replace(factor, wrong=wrong)
    doublings = min(wrong - LOCK_AT, _MOST_DOUBLINGS)
    return replace(factor, wrong=wrong, locked_until=now + min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK))


def strongly_approved(factor: Factor) -> Factor:
    """The factor after an approval with a code: what may be paid without one begins anew."""
    return replace(factor, light_count=0, light_sum=0)


def lightly_approved(factor: Factor, minor: int, count: int = 1) -> Factor:
    """The factor after `count` payments of `minor` in all were approved without a code."""
    return replace(factor, light_count=factor.light_count + count, light_sum=factor.light_sum + minor)


def read_digits(words: str) -> str | None:
    """The six digits that stand in `words`, by themselves or after something else."""
    found = _SIX_DIGITS.search(words)
    return found[1] + found[2] if found else None


def only_digits(words: str) -> str | None:
    """The six digits, if `words` are nothing else."""
    bare = words.strip()
    return bare.replace(" ", "") if _NOTHING_ELSE.fullmatch(bare) else None
