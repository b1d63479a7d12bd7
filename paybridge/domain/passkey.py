"""Passkeys: keys in a person's own devices that sign challenges (W3C Web Authentication, level 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from paybridge.domain.factor import Factor

CHALLENGE_LIFE: Final = timedelta(minutes=5)
"""How long a challenge may be answered; RTS 2018/389 article 4(3)(d) leaves a quiet session open as long."""
MOST_PASSKEYS: Final = 10
"""So many one person may have at a time."""
LONGEST_NAME: Final = 40


class PasskeyState(StrEnum):
    """Whether a passkey is taken; a suspect one has counted backwards and may have been copied."""

    ACTIVE = "active"
    SUSPECT = "suspect"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of a person.

    `mark` is a keyed hash of the credential's id. `credential` (its id), `public_key` (COSE) and `name` are
    sealed. `sign_count` is the highest that the authenticator has told; many tell 0 for ever.
    """

    id: str
    person: str
    mark: str
    credential: bytes
    public_key: bytes
    name: bytes
    added: datetime
    sign_count: int = 0
    state: PasskeyState = PasskeyState.ACTIVE
    last_used: datetime | None = None
    version: int = 0

    def is_taken(self, factor: Factor) -> bool:
        """Whether it counts beside this factor: one that was added before the factor began does not.

        So whoever ends their second factor ends their passkeys with it.
        """
        return self.state is PasskeyState.ACTIVE and self.added >= factor.since


class Purpose(StrEnum):
    """What a challenge is signed for."""

    ENROL = "enrol"
    APPROVE = "approve"
    ENTER = "enter"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A challenge that was given out, to be answered once.

    `id` is a keyed hash of the challenge, which itself is kept nowhere. `bound` is a keyed hash of what an
    answer agrees to: for an approval the exact terms of a payment (dynamic linking, RTS 2018/389 article 5).
    """

    id: str
    person: str
    purpose: Purpose
    bound: str
    expires: datetime
    used: bool = False
    version: int = 0

    def is_open(self, person: str, purpose: Purpose, bound: str, now: datetime) -> bool:
        """Whether it may be answered now, by this person, for this."""
        mine = (self.person, self.purpose, self.bound) == (person, purpose, bound)
        return mine and not self.used and now < self.expires


def answered(ceremony: Ceremony) -> Ceremony:
    """The challenge once there was an answer to it, right or wrong."""
    return replace(ceremony, used=True)


def counts_backwards(passkey: Passkey, sign_count: int) -> bool:
    """Whether this count was told before (W3C Web Authentication level 3, section 7.2 step 22).

    An authenticator that does not count tells 0 each time.
    """
    return (sign_count > 0 or passkey.sign_count > 0) and sign_count <= passkey.sign_count


def used(passkey: Passkey, sign_count: int, now: datetime) -> Passkey:
    """The passkey once it has signed something."""
    return replace(passkey, sign_count=sign_count, last_used=now)


def suspected(passkey: Passkey) -> Passkey:
    """The passkey once it has counted backwards: there may be two of it, and neither is taken any more."""
    return replace(passkey, state=PasskeyState.SUSPECT)
