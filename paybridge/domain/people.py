"""People: an opaque person id, the Matrix ids that are theirs, and their linked accounts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Who owns money. `key` is their wrapped data key: destroying it erases what is sealed for them."""

    id: str
    key: bytes
    created: datetime
    language: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """A Matrix id (or ghost) that speaks for a person from `since` on."""

    mxid: str
    person: str
    since: datetime
    version: int = 0


class LinkState(StrEnum):
    """Where a linked account stands."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Link:
    """A person's account at a rail. `number` is sealed, `token` is its name there, `masked` may be shown.

    `currency` is the one that it holds; None if it takes each that the rail does. `holder` is the sealed name
    under which its owner says that it is held, if they told one. `takes_direct` says that its owner wants to
    be paid straight into it. `nickname` is what they call it, sealed, and `nickname_hash` finds it by that.
    """

    id: str
    person: str
    rail: str
    token: str
    masked: str
    number: bytes
    number_hash: bytes
    state: LinkState
    is_default: bool
    created: datetime
    currency: str | None = None
    holder: bytes | None = None
    takes_direct: bool = False
    nickname: bytes | None = None
    nickname_hash: bytes | None = None
    version: int = 0
