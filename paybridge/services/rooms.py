"""What the use cases need to know of rooms: who is there, what holds there, asked of the homeserver."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.policy import StatedPolicy
    from paybridge.domain.power import Powers


@dataclass(frozen=True, slots=True)
class Seat:
    """How a member sits in a room: the event that says so, a new one after each change, and their picture."""

    event: str
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """A room as it is now, read from the homeserver: members are joined ones, Matrix id to display name.

    `seats` are those of the same members.
    """

    id: str
    encrypted: bool
    direct: bool
    members: Mapping[str, str | None] = field(default_factory=dict)
    seats: Mapping[str, Seat] = field(default_factory=dict)

    @property
    def private(self) -> bool:
        """Whether only one person reads what is said here: not even whoever runs the homeserver."""
        return self.direct and self.encrypted


class RoomsAwayError(Exception):
    """The homeserver cannot be asked at the moment."""


class Rooms(Protocol):
    """Rooms, asked of the homeserver."""

    async def facts(self, room: str) -> RoomFacts:
        """The room now, without members if the bot is not in it; `RoomsAwayError` if nobody answers."""

    async def stated_policy(self, room: str) -> StatedPolicy:
        """What the room's state event says; nothing if there is none, or if its sender may not set it."""

    async def powers(self, room: str) -> Powers:
        """Who may do what in the room."""

    async def named(self, typed: str) -> str | None:
        """The id of the room with this address ("#gig:hs"), or None; an id is its own."""

    async def predecessor(self, room: str) -> str | None:
        """The room that this one is the upgrade of, if both of them say so."""
