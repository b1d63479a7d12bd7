"""What a shop says when it offers a membership: "Club" 10 EUR monthly notice 30 days. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.membership import MOST_NOTICE
from paybridge.domain.rhythm_words import read_rhythm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from paybridge.domain.rhythm import Rhythm

MOST_LETTERS: Final = 60
_QUOTED: Final = re.compile('["“”„«»「](.*?)["“”„«»」]')
_NOTICE: Final = re.compile(
    r"(?:\bnotice|提前)\s*([0-9]{1,4})\s*([a-z]+|天|日|周|星期|个月|月)?", re.IGNORECASE
)
_ROOM: Final = re.compile(r"(?:^|\s)(?:in|在)\s+([#!][^\s:]+:\S+)", re.IGNORECASE)
_MOST: Final = re.compile(r"(?:^|\s)(?:max|最多)\s+(\S.*)$", re.IGNORECASE)
_DAYS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("", "day", "days", "天", "日"), 1),
    **dict.fromkeys(("week", "weeks", "周", "星期"), 7),
    **dict.fromkeys(("month", "months", "个月", "月"), 30),
}


class MembershipNotReadError(UserError):
    """The words do not say what is offered, or of which membership they speak."""

    key = "error.membership_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed[:40])


@dataclass(frozen=True, slots=True)
class OfferWords:
    """What was read: the name, what stands of the price, how often, the notice in days, and the room.

    `room` is an address ("#club:hs") or an id.
    """

    name: str
    price: str
    rhythm: Rhythm
    floats: bool
    notice: int
    room: str | None = None


def read_named(words: str) -> tuple[str, str]:
    """The name, in quotes or as the first word, and what stands behind it."""
    quoted = _QUOTED.match(words.strip())
    if quoted is not None:
        name, rest = quoted[1], words.strip()[quoted.end() :]
    else:
        name, _, rest = words.strip().partition(" ")
    name = " ".join(name.split())
    if not name or len(name) > MOST_LETTERS:
        raise MembershipNotReadError(typed=words)
    return name, rest.strip()


def read_called(words: str) -> tuple[str, str]:
    """The name that somebody joins, in quotes or not, and what stands behind "max"."""
    most = _MOST.search(words)
    typed = (words[: most.start()] if most else words).strip()
    quoted = _QUOTED.fullmatch(typed)
    name = " ".join((quoted[1] if quoted else typed).split())
    if not name or len(name) > MOST_LETTERS:
        raise MembershipNotReadError(typed=words)
    return name, most[1] if most else ""


def read_offer(words: str, today: date) -> OfferWords:
    """Read an offer; a rhythm without a day of its own goes by the day of each member's joining.

    Raises MembershipNotReadError and what `read_rhythm` does.
    """
    name, rest = read_named(words)
    room = _ROOM.search(rest)
    if room is not None:
        rest = f"{rest[: room.start()]} {rest[room.end() :]}"
    notice, told = 0, _NOTICE.search(rest)
    if told is not None:
        notice = int(told[1]) * _DAYS.get((told[2] or "").casefold(), MOST_NOTICE + 1)
        rest = f"{rest[: told.start()]} {rest[told.end() :]}"
    if notice > MOST_NOTICE and told is not None:
        raise MembershipNotReadError(typed=told[0])
    read = read_rhythm(rest, today)
    if read.until is not None or read.most:
        raise MembershipNotReadError(typed=rest)
    return OfferWords(name, read.rest, read.rhythm, read.floats, notice, room[1] if room else None)
