"""What an examination of an installation finds: one line for a part, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a part is. Only `BAD` keeps people from being served."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one `part` is, in a sentence, and what the operator can do; nothing secret is in it."""

    part: str
    state: State
    says: str
    fix: str = ""


def good(part: str, says: str) -> Finding:
    """The part is as it should be."""
    return Finding(part, State.GOOD, says)


def note(part: str, says: str, fix: str = "") -> Finding:
    """The part works, but the operator may want to know."""
    return Finding(part, State.NOTE, says, fix)


def bad(part: str, says: str, fix: str) -> Finding:
    """The part does not work, or not as people may expect."""
    return Finding(part, State.BAD, says, fix)


def unknown(part: str, says: str, fix: str = "") -> Finding:
    """The part could not be examined from here or not now."""
    return Finding(part, State.UNKNOWN, says, fix)
