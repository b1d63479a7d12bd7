"""Watching what gets through to the inbox and to the handler, each held to what it may be."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paybridge.domain.spoken import Spoken
from paybridge.matrix import letters
from tests.fuzz.homeserver import ME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.matrix.letters import Told
    from paybridge.services.ports import Letter, Mailbox, Vault

CANARY = "!canary "
LONGEST_BODY = 4_000
LONGEST_ID = 255
LARGEST_LETTER = 300_000
MARK = re.compile(r"[!/\uff01]\w|\d|paybridge", re.IGNORECASE)
CIPHER = {"algorithm", "sender_key", "session_id", "device_id", "ciphertext"}


@dataclass
class Watch:
    """What came through so far, and what should not have."""

    safe: str
    allowed_devices: frozenset[str]
    letters: int = 0
    finished: int = 0
    told: Counter[str] = field(default_factory=Counter)
    canaries: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Letters that were written down and are not done."""
        return self.letters - self.finished

    async def hear(self, heard: object) -> None:
        """As the bot's handler."""
        if not isinstance(heard, Spoken):
            self.told[type(heard).__name__] += 1
            return
        self.told[heard.trouble.name if heard.trouble else type(heard.proof).__name__] += 1
        if len(heard.body) > LONGEST_BODY or len(heard.body.splitlines()) > 1:
            self.wrong.append(f"not one line: {heard.body[:80]!r}")
        proven = type(heard.proof).__name__ == "OwnDevice"
        if proven and heard.sender not in self.allowed_devices:
            self.wrong.append(f"proven to be of {heard.sender}, who has no device")
        if heard.sender == self.safe and heard.body.startswith(CANARY):
            self._canary(heard, proven=proven)

    def _canary(self, heard: Spoken, *, proven: bool) -> None:
        number = int(heard.body.removeprefix(CANARY))
        if number != self.canaries:
            self.wrong.append(f"canary {number} came where {self.canaries} was due")
        if not proven or heard.trouble is not None:
            self.wrong.append(f"canary {number} is not proven: {heard.proof}, {heard.trouble}")
        self.canaries = number + 1

    def look_at(self, letter: Letter, told: Told) -> None:
        """Hold a letter to what an inbox may contain: what can be a command, or may be once it is read."""
        self.letters += 1
        name = letter.event[:80]
        for text in (letter.event, letter.sender):
            if not 0 < len(text) <= LONGEST_ID or not text.isprintable():
                self.wrong.append(f"letter {name!r}: an id that is none")
        if letter.sender == ME:
            self.wrong.append(f"letter {name!r} is the bot's own")
        if len(letter.payload) > LARGEST_LETTER:
            self.wrong.append(f"letter {name!r} has {len(letter.payload)} bytes")
        if told.cipher is not None and not (
            set(told.cipher) <= CIPHER and all(isinstance(value, str) for value in told.cipher.values())
        ):
            self.wrong.append(f"letter {name!r} keeps more than decrypting needs: {list(told.cipher)}")
        if told.content is not None and not MARK.search(str(told.content.get("body"))):
            self.wrong.append(f"letter {name!r} can be no command: {told.content.get('body')!r}")


class WatchedMailbox:
    """A mailbox whose inbox is watched."""

    def __init__(self, mailbox: Mailbox, vault: Vault, watch: Watch) -> None:
        self._mailbox = mailbox
        self._vault = vault
        self._watch = watch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the mailbox has
        return getattr(self._mailbox, name)

    async def receive(
        self, received: Sequence[Letter], next_batch: str, device: str | None = None
    ) -> Sequence[str]:
        new = await self._mailbox.receive(received, next_batch, device)
        told = {letter.event: letter for letter in received}
        for event in new:
            self._watch.look_at(told[event], letters.unseal(self._vault, told[event].payload))
        return new

    async def finish(self, event: str) -> None:
        await self._mailbox.finish(event)
        self._watch.finished += 1
