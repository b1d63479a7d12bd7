"""Waiting for a message: what every kind of person in a chat does, whatever client they use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from paybridge.demo.timeline import Event, Seen, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 30.0
SHOWN_ON_TIMEOUT = 12


class NothingSeenError(TimeoutError):
    """What was waited for did not show in time; the text lists what did."""


class Watch:
    """All rooms that one person sees, and a bell that rings when something in them changes."""

    def __init__(self, whose: str) -> None:
        self.whose = whose
        self._rooms: dict[str, Timeline] = {}
        self._changed = asyncio.Condition()

    def room(self, room_id: str) -> Timeline:
        return self._rooms.setdefault(room_id, Timeline(room_id))

    def knows(self, room_id: str) -> bool:
        return room_id in self._rooms

    def timeline(self, room_id: str | None) -> list[Seen]:
        """The messages of one room, or of all of them, one room after the other."""
        rooms = self._rooms.values() if room_id is None else [self.room(room_id)]
        return [message for room in rooms for message in room.messages()]

    def raw(self, room_id: str) -> list[Event]:
        return list(self.room(room_id).raw)

    async def ring(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, reached: Callable[[], bool], *, what: str, patience: float) -> None:
        """Wait until `reached` says yes; it is asked now and after every change."""
        try:
            async with asyncio.timeout(patience), self._changed:
                await self._changed.wait_for(reached)
        except TimeoutError as error:
            raise NothingSeenError(f"{self.whose} waited {patience:g} s for {what}") from error

    async def wait_for(
        self, room_id: str | None, fits: Callable[[Seen], bool], *, after: str | None, patience: float
    ) -> Seen:
        """Return the first message that fits, of those there already or still to come.

        With `after`, an event id, only messages below that one count.
        """
        found: list[Seen] = []

        def look() -> bool:
            found[:] = (seen for seen in _below(self.timeline(room_id), after) if fits(seen))
            return bool(found)

        try:
            await self.until(look, what=f"a message in {room_id or 'any room'}", patience=patience)
        except NothingSeenError as error:
            raise NothingSeenError(f"{error}; the last messages were:\n{self.last_words(room_id)}") from None
        return found[0]

    def last_words(self, room_id: str | None) -> str:
        """What a failed test shows."""
        last = self.timeline(room_id)[-SHOWN_ON_TIMEOUT:]
        return "\n".join(_line(seen) for seen in last) or "(none at all)"


def _below(messages: list[Seen], event_id: str | None) -> list[Seen]:
    if event_id is None:
        return messages
    places = [place for place, seen in enumerate(messages) if seen.event_id == event_id]
    return messages[places[0] + 1 :] if places else []


def _line(seen: Seen) -> str:
    marks = [
        "" if seen.encrypted else "plain",
        f"UNREADABLE: {seen.failure}" if seen.failure else "",
        f"edited {seen.edited}x" if seen.edited else "",
    ]
    return f"  {seen.sender} [{', '.join(filter(None, marks))}] {seen.body!r}"
