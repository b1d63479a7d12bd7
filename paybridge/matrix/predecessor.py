"""What another process has sent without living to note it, found in the rooms by the mark of each post."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from paybridge.matrix.wire import RefusedError

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.services.ports import Mailbox, Post, Vault

POST: Final = "org.paybridge.post"
"""Outside of what is encrypted, where the bot's other devices find it; a keyed hash, which tells nobody else
anything."""

POSTS_PER_READ: Final = 500
PAGE: Final = 100
MOST_PAGES: Final = 50
CLOCKS_DIFFER: Final = timedelta(minutes=10)

log = structlog.stdlib.get_logger(__name__)


class Asks(Protocol):
    """Whoever can ask the homeserver."""

    async def get(self, *path: str, query: Mapping[str, str]) -> dict[str, Any]: ...


class Predecessor:
    """Transaction ids hold for one device: what another one sent has to be looked for in the room."""

    def __init__(self, wire: Asks, mailbox: Mailbox, vault: Vault, me: str) -> None:
        self._wire = wire
        self._mailbox = mailbox
        self._vault = vault
        self._me = me
        self._left: set[str] = set()
        self._oldest: datetime | None = None
        self._found: dict[str, Mapping[str, str]] = {}

    def mark(self, post: str) -> str:
        """What the event that says this post carries under `POST`."""
        return self._vault.fingerprint("post", post.encode()).hex()[:32]

    async def left(self) -> None:
        """Note what waits to be sent now: any of it may have been."""
        last = 0
        while rows := await self._mailbox.posts(last, POSTS_PER_READ):
            for row, post in rows:
                last = row
                self._left.add(post.id)
                self._oldest = min(self._oldest or post.created, post.created)

    async def sent(self, post: Post, room: str) -> str | None:
        """The event by which it said the post in this room; None if it did not, or the post is newer."""
        if post.id not in self._left:
            return None
        if room not in self._found:
            self._found[room] = await self._look(room)
        event = self._found[room].get(self.mark(post.id))
        if event is not None:
            log.info("post_found_in_its_room", post=post.id)
        return event

    async def _look(self, room: str) -> Mapping[str, str]:
        """Marks of what the bot has said here since the oldest post that was left; each with its event."""
        assert self._oldest is not None  # there is one that was left
        since = (self._oldest - CLOCKS_DIFFER).timestamp() * 1000
        query = {"dir": "b", "limit": str(PAGE), "filter": json.dumps({"senders": [self._me]})}
        found: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            try:
                answer = await self._wire.get("rooms", room, "messages", query=query)
            except RefusedError as error:
                # Then it cannot be written to either.
                log.info("room_not_looked_into", room=room, code=error.code)
                return found
            events = [event for event in _list(answer.get("chunk")) if isinstance(event, Mapping)]
            for event in events:
                content, event_id = event.get("content"), event.get("event_id")
                mark = content.get(POST) if isinstance(content, Mapping) else None
                if event.get("sender") == self._me and isinstance(mark, str) and isinstance(event_id, str):
                    found[mark] = event_id
            end, sent = answer.get("end"), [event.get("origin_server_ts") for event in events]
            if not isinstance(end, str) or any(isinstance(at, int) and at < since for at in sent):
                return found
            query["from"] = end
        log.warning("room_looked_into_in_part", room=room)
        return found


def _list(thing: object) -> list[object]:
    return thing if isinstance(thing, list) else []
