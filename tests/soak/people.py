"""People who use the bot steadily: type, wait for the answer, think; now and then their client reconnects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.facts import Typed
    from tests.chaos.party import Party
    from tests.chaos.talker import Talker

THINKS_SECONDS: Final = (0.5, 3.0)
RECONNECTS: Final = 0.02
AWAY_SECONDS: Final = (0.5, 4.0)
LATE_SECONDS: Final = 60.0
HOMESERVER_AWAY_SECONDS: Final = 2.0


@dataclass
class Crowd:
    """Everybody at once. `answer_seconds` and `commands` are those since they were last taken."""

    party: Party
    chance: Random
    commands: int = 0
    answer_seconds: list[float] = field(default_factory=list)
    reconnects: int = 0
    _open: dict[str, tuple[float, Talker, Typed]] = field(default_factory=dict)

    async def talk(self, talker: Talker, enough: asyncio.Event) -> None:
        """One of them, until it is enough."""
        while not enough.is_set():
            began = time.monotonic()
            typed = await talker.turn()
            if typed.expects:
                self.commands += 1
                self._open[typed.event] = began, talker, typed
                if typed.verb == "yes" or await talker.until_answered([typed]):
                    self.answer_seconds.append(time.monotonic() - began)
            if self.chance.random() < RECONNECTS:
                await self._reconnect(talker)
            await asyncio.sleep(self.chance.uniform(*THINKS_SECONDS))

    def taken(self) -> tuple[int, Sequence[float]]:
        """Commands and answer times since this was last asked."""
        found = self.commands, self.answer_seconds
        self.commands, self.answer_seconds = 0, []
        return found

    def late(self) -> int:
        """Commands that have waited for an answer for longer than anybody would."""
        for event, (_, talker, typed) in list(self._open.items()):
            if typed.verb == "yes" or talker.listen().has_answered(typed):
                del self._open[event]
        now = time.monotonic()
        return sum(now - began > LATE_SECONDS for began, _, _ in self._open.values())

    async def _reconnect(self, talker: Talker) -> None:
        self.reconnects += 1
        await talker.person.look_away()
        await asyncio.sleep(self.chance.uniform(*AWAY_SECONDS))
        talker.person.look_back()

    async def restart_homeserver(self) -> None:
        """While nobody is typing: what a person's client has not sent is not sent again."""
        for talker in self.party.talkers:
            await talker.typing.acquire()
        try:
            await self.party.stage.homeserver.stop()
            await asyncio.sleep(HOMESERVER_AWAY_SECONDS)
            await self.party.stage.homeserver.start()
        finally:
            for talker in self.party.talkers:
                talker.typing.release()
