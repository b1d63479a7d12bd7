"""People: an opaque person id, the Matrix ids that are theirs, and their linked accounts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from datetime import datetime


class FrozenError(UserError):
    """The person has stopped everything of theirs with `!freeze`."""

    key = "error.frozen"

    def __init__(self, *, since: datetime) -> None:
        super().__init__(since=since)

    def lines(self) -> tuple[str, ...]:
        return ("!unfreeze 123456",)


class StoppedError(UserError):
    """An operator has frozen the person."""

    key = "error.stopped"

    def __init__(self, *, since: datetime) -> None:
        super().__init__(since=since)


NOBODY: Final = "@erased:erased.invalid"
"""What stands for the Matrix ids of those who had themselves erased; no server has that name (RFC 2606)."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who owns money. `key` is their wrapped data key: destroying it erases what is sealed for them.

    `frozen` is since when nothing of theirs may be paid, by their own `!freeze`; `stopped` the same by an
    operator, who alone can end it. Who was erased has an empty key.
    """

    id: str
    key: bytes
    created: datetime
    language: str | None = None
    frozen: datetime | None = None
    stopped: datetime | None = None
    version: int = 0

    @property
    def is_erased(self) -> bool:
        """Whether they had themselves forgotten: nothing that was sealed for them opens any more."""
        return not self.key


def check_not_frozen(person: Person) -> None:
    """Raise `StoppedError` if an operator has frozen the person, `FrozenError` if they did it themselves."""
    if person.stopped is not None:
        raise StoppedError(since=person.stopped)
    if person.frozen is not None:
        raise FrozenError(since=person.frozen)


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
