"""Ties: a ghost of a bridge that speaks for a person of Matrix, from the code to the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

CODE_LIFE: Final = timedelta(minutes=10)
LOW_FOR: Final = timedelta(hours=12)
"""How long after it was tied a ghost approves nothing by itself."""
MOST_WRONG: Final = 5
"""So many wrong codes of one ghost are listened to within `WRONG_SPAN`."""
WRONG_SPAN: Final = timedelta(hours=1)
MOST_OFFERS: Final = 5
"""So many codes a person is given within an hour."""
OFFER_SPAN: Final = timedelta(hours=1)
HEARD_SPAN: Final = timedelta(days=1)
"""How exactly it is known when a ghost was last heard."""

# Without letters that are read for others (Crockford); 32 of them, so that eight hold 40 bits.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS: Final = 8
_BITS: Final = 5
_SAME: Final = str.maketrans("OIL", "011")
_BETWEEN: Final = re.compile("[\u002d\u2010-\u2015\u2212\\s]")
_CODE: Final = re.compile(f"[{_ALPHABET}]{{{_LETTERS}}}")


class TieState(StrEnum):
    """How far two accounts have become one person's."""

    OFFERED = "offered"
    """The person was given a code that nobody has said yet."""
    CLAIMED = "claimed"
    """A ghost has said it, and the person has not confirmed that it is theirs."""
    TIED = "tied"
    STOPPED = "stopped"
    """The ghost may be somebody else's by now: it does nothing until the person confirms it again."""
    ENDED = "ended"


class Why(StrEnum):
    """Why a ghost does nothing until it is confirmed again."""

    LEFT = "left"
    PROFILE = "profile"
    SILENT = "silent"
    ASKED = "asked"
    """The other side wanted it."""


@dataclass(frozen=True, slots=True)
class Tie:
    """One tie. `person` and `mxid` are of Matrix, `bridge` is the id of the ghost's bridge.

    `code` is a keyed hash, in hex. `expires` is when it ends unless somebody says the code, or confirms.
    `room` is where the ghost said it, and `seat` a hash of how it sat there when it was last confirmed, which
    was at `since`; until `low_until` the ghost approves nothing. `former` is the person that it was before.
    """

    id: str
    person: str
    mxid: str
    bridge: str
    code: str
    state: TieState
    created: datetime
    expires: datetime
    ghost: str | None = None
    room: str | None = None
    seat: bytes | None = None
    former: str | None = None
    since: datetime | None = None
    low_until: datetime | None = None
    heard: datetime | None = None
    why: Why | None = None
    version: int = 0

    def waits(self, now: datetime) -> bool:
        """Whether its code can still be said, or what was said can still be confirmed."""
        return self.state in {TieState.OFFERED, TieState.CLAIMED} and now < self.expires

    @property
    def holds(self) -> bool:
        """Whether the ghost is the person's, even if it may do nothing at the moment."""
        return self.state in {TieState.TIED, TieState.STOPPED}


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many wrong codes a ghost has said since the first of them that still counts."""

    ghost: str
    wrong: int
    since: datetime
    version: int = 0

    def too_many(self, now: datetime) -> bool:
        """Whether the ghost is not listened to."""
        return self.wrong >= MOST_WRONG and now < self.since + WRONG_SPAN

    def another(self, now: datetime) -> Guesses:
        """After one more."""
        if now >= self.since + WRONG_SPAN:
            return replace(self, wrong=1, since=now)
        return replace(self, wrong=self.wrong + 1)


def spell_code(number: int) -> str:
    """The code that the lowest 40 bits of `number` (random, handed in) spell: `7K3Q-D2MW`."""
    letters = [_ALPHABET[number >> _BITS * place & 31] for place in range(_LETTERS)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def read_tie_code(words: str) -> str | None:
    """The eight letters of a code, in any case, with or without dashes and spaces; None if it is none."""
    bare = _BETWEEN.sub("", words).upper().translate(_SAME)
    return bare if _CODE.fullmatch(bare) else None


def claimed(tie: Tie, ghost: str, room: str, seat: bytes, now: datetime) -> Tie:
    """After the ghost has said the code; there is as much time again to confirm it."""
    return replace(
        tie, state=TieState.CLAIMED, ghost=ghost, room=room, seat=seat, heard=now, expires=now + CODE_LIFE
    )


def tied(tie: Tie, former: str | None, now: datetime) -> Tie:
    """After the person has confirmed the ghost as theirs."""
    return replace(
        tie, state=TieState.TIED, former=former, since=now, heard=now, low_until=now + LOW_FOR, why=None
    )


def confirmed_again(tie: Tie, now: datetime) -> Tie:
    """After the person has said that a ghost which had stopped is still theirs."""
    return replace(tie, state=TieState.TIED, since=now, heard=now, low_until=now + LOW_FOR, why=None)


def stopped(tie: Tie, why: Why, seat: bytes | None) -> Tie:
    """After something said that the ghost may be somebody else's; `seat` is how it sits there now."""
    return replace(tie, state=TieState.STOPPED, why=why, seat=seat)


def ended(tie: Tie) -> Tie:
    """After the person no longer wants it, or its time is over."""
    return replace(tie, state=TieState.ENDED)
