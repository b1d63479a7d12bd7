"""Messages in and out as they lie in the database: letters that came, posts to be said, and the mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Post:
    """One row of the outbox: a message to say, rendered only when it is sent.

    `id` is unique for ever, so that one cause says a thing once. Exactly one of `room` (room id) and `person`
    (Matrix id, said in their direct message) is set. `slot` names the one message that later posts with the
    same slot bring up to date. `payload` is the sealed `Say`.
    """

    id: str
    room: str | None
    person: str | None
    slot: str | None
    payload: bytes
    created: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """One inbox row: an event that may be a command. `payload` is sealed and blanked when done."""

    event: str
    room: str
    sender: str
    received: datetime
    payload: bytes


class Mailbox(Protocol):
    """What the Matrix side keeps in the database: inbox, outbox, sync token, and what it has seen."""

    async def receive(
        self, letters: Sequence[Letter], next_batch: str, device: str | None = None
    ) -> Sequence[str]:
        """Write the letters and the sync token in one transaction; known event ids are passed over.

        Returns the event ids that are new.
        """

    async def sync_token(self, device: str | None = None) -> str | None:
        """Where this device was, if it has ever received; without one, where whoever received last was.

        A token also counts the messages to the device that it was given to: with another device's, some of
        its own, and the room keys in them, would never come.
        """

    async def has(self, event: str) -> bool:
        """Whether the letter was received, done or not."""

    async def letters(self) -> Sequence[Letter]:
        """Letters not yet done, in the order received."""

    async def is_done(self, event: str) -> bool: ...
    async def finish(self, event: str) -> None:
        """Mark a letter done without any step (it asked for nothing)."""

    async def posts(self, after: int, limit: int) -> Sequence[tuple[int, Post]]:
        """Posts not yet sent with their row number, in order."""

    async def sent(self, post: str, event: str, room: str) -> None:
        """Mark a post sent as `event`; if it has a slot that is empty in that room, it fills it."""

    async def set_aside(self, post: str, reason: str) -> None: ...
    async def slot(self, slot: str) -> tuple[str, str] | None:
        """The (room id, event id) of the message in this slot."""

    async def slot_of(self, event: str, room: str) -> str | None:
        """The slot that this message of the bot's is in."""

    async def remember(self, name: str, value: str) -> None:
        """Keep one small value by name (sync filter, direct rooms, pinned master keys, encrypted rooms)."""

    async def recall(self, name: str) -> str | None: ...
    async def recall_all(self, prefix: str) -> Mapping[str, str]: ...
    async def first_seen(self, what: str, event: str) -> bool:
        """Bind `what` (sender key, session and index) to `event`; False if it is bound to another event."""
