"""Letters that a process which stands by has heard, and which the one that acts may not have received."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paybridge.services.ports import Clock, Letter, Mailbox

HELD_FOR: Final = timedelta(minutes=15)
"""Far longer than a letter takes to the inbox. One that never gets there was no command to whoever could
read it, and could not be read here."""


class Held:
    """In the order in which they were heard."""

    def __init__(self, mailbox: Mailbox, clock: Clock) -> None:
        self._mailbox = mailbox
        self._clock = clock
        self._letters: dict[str, Letter] = {}

    @property
    def letters(self) -> Sequence[Letter]:
        return list(self._letters.values())

    async def hold(self, letters: Iterable[Letter]) -> None:
        """Hold these too, and let go of what the inbox has by now, and of what is too old."""
        for letter in letters:
            self._letters.setdefault(letter.event, letter)
        oldest = self._clock.now() - HELD_FOR
        for event, letter in list(self._letters.items()):
            if letter.received < oldest or await self._mailbox.has(event):
                del self._letters[event]

    def let_go(self) -> None:
        self._letters.clear()
