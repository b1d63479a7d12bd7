"""Whom a reply answers: read from the event itself, never from the quote in the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.matrix.crypto import ENCRYPTED, UnfitError
from paybridge.matrix.wire import RefusedError

if TYPE_CHECKING:
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.rooms import KnownRooms
    from paybridge.matrix.sender import Senders
    from paybridge.matrix.wire import Wire


class Replies:
    """Asks the homeserver for the answered event and believes its sender only as far as it is proven."""

    def __init__(self, wire: Wire, crypto: Crypto, rooms: KnownRooms, senders: Senders) -> None:
        self._wire = wire
        self._crypto = crypto
        self._rooms = rooms
        self._senders = senders

    async def author(self, room: str, event: str) -> str | None:
        """Who wrote the event, None where nothing proves it."""
        try:
            found = await self._wire.get("rooms", room, "event", event)
        except RefusedError:
            return None
        sender, content = found.get("sender"), found.get("content")
        if not isinstance(sender, str) or not isinstance(content, dict):
            return None
        if not await self._rooms.encrypted(room):
            return sender
        if found.get("type") != ENCRYPTED:
            return None
        try:
            opened = self._crypto.open(room, content)
        except UnfitError:
            return None
        return sender if opened is not None and await self._senders.owns(sender, opened.seal) else None
