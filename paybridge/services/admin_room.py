"""The room in which operators are told what the bot cannot settle by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from paybridge.services.ports import AlreadyDoneError, Book, Clock, Step, Vault, Wakeup
from paybridge.services.says import Say, seal

if TYPE_CHECKING:
    from paybridge.domain.facts import Facts

log = structlog.get_logger(__name__)


class AdminRoom:
    """Says things in `room`, each once for its id; without a room they are only logged."""

    def __init__(
        self, book: Book, vault: Vault, clock: Clock, wakeup: Wakeup, room: str | None, language: str
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._wakeup = wakeup
        self._room = room
        self._language = language

    async def say(self, name: str, key: str, facts: Facts) -> None:
        """Line the message up, unless one of this `name` was; or `BookUnavailableError`."""
        if self._room is None:
            log.warning("no room for it", about=key, name=name)
            return
        say = Say(f"admin/{name}", key=key, language=self._language, room=self._room, facts=facts)
        try:
            await self._book.commit(Step(posts=(seal(self._vault, say, self._clock.now()),)))
        except AlreadyDoneError:
            return
        self._wakeup.ring()
