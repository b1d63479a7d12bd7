"""How long people wait for the answer to each verb, beside a bot that only echoes; no goal judges it.

Verbs take turns, each after an echo of the same run, and a wait is measured as in `bench_latency`: from the
call to send to the sync that brought the answer to the same person, decrypted. Look-ups are typed in the
direct message with the bot, what opens a card or asks somebody in a room of three. What was opened is closed
again in the same round.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench._chat import QUIET_SECONDS, Watch, arrive, in_state, link, new_room, percentile, start_echo_bot
from bench._result import Result
from bench.bench_latency import CHOICES
from paybridge.demo.homeserver import Homeserver
from paybridge.demo.stage import Stage
from paybridge.demo.story import ALICES_IBAN, BOBS_IBAN, KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from paybridge.demo.person import Person

    Fits = Callable[[Mapping[str, Any]], bool]

ROUNDS: Final = 5
ECHO_EVERY: Final = 3
LOOK_UPS: Final = (
    "help", "help pay", "balance", "history", "history requests", "requests", "limits", "fees EUR 50",
    "statement csv", "statement", "link list", "mfa list", "contact list", "block list", "split", "policy",
    "zone", "terms", "privacy", "lang en",
)  # fmt: skip


async def run() -> list[Result]:
    """The median of each verb's waits over that of the echo."""
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-bench-")))
        scene = await _Scene.set_up(folder, stack)
        await scene.round()
        for times in (scene.echoes, scene.waits):
            times.clear()  # the first round warms both bots up
        for _ in range(ROUNDS):
            await scene.round()
    floors = {place: percentile(times, 50) for place, times in scene.echoes.items()}
    return [
        Result(f"verbs: p50 !{verb} / echo, ms", percentile(times, 50), floors[place], 0, "at_most")
        for (verb, place), times in scene.waits.items()
    ]


class _Place(Enum):
    """Where a line is typed, and its floor measured: with two people and a bot, or alone with the bot."""

    ROOM = "room"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class _Scene:
    """Alice, who types; Bob, who asks her and pays her; and what was measured, in milliseconds."""

    alice: Person
    bob: Person
    bot: str
    echo_bot: str
    rooms: Mapping[_Place, str]
    echo_rooms: Mapping[_Place, str]
    echoes: dict[_Place, list[float]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[tuple[str, _Place], list[float]] = field(default_factory=lambda: defaultdict(list))
    turns: Iterator[int] = field(default_factory=count)

    @classmethod
    async def set_up(cls, folder: Path, stack: AsyncExitStack) -> _Scene:
        homeserver = await stack.enter_async_context(Homeserver(folder / "homeserver"))
        for name in ("stage", "echo"):
            await asyncio.to_thread((folder / name).mkdir)
        stage = await stack.enter_async_context(Stage(folder / "stage", homeserver, choices=CHOICES))
        echo_bot = await start_echo_bot(homeserver, folder / "echo", stack)
        alice, bob = [await arrive(homeserver, folder, name, stack) for name in ("alice", "bob")]
        await link(stage, alice, ALICES_IBAN)
        await link(stage, bob, BOBS_IBAN)
        rooms, echo_rooms = [
            {
                _Place.ROOM: await new_room(alice, bob, bot),
                _Place.CHAT: await alice.direct_room_with(bot),
            }
            for bot in (stage.bot_id, echo_bot)
        ]
        await alice.wait_for_member(echo_rooms[_Place.CHAT], echo_bot)
        return cls(alice, bob, stage.bot_id, echo_bot, rooms, echo_rooms)

    async def round(self) -> None:
        """Each verb once."""
        for words in LOOK_UPS:
            await self._types(words, _Place.CHAT, _any)
        paid = await self._money_from_bob()
        await self._types(f"status {paid}", _Place.ROOM, _any, "status")
        await self._types(f"verify {paid}", _Place.ROOM, _any, "verify")
        to_bob = f"{self.bob.user_id} 0.50 EUR"
        await self._card("pay", f"pay {to_bob} for lunch", _Place.ROOM)
        await self._card("refund", f"refund {paid} 0.10 EUR", _Place.ROOM)
        await self._card("topup", "topup 5 EUR", _Place.CHAT)
        await self._card("cashout", "cashout 0.50 EUR", _Place.CHAT)
        await self._card("accept", f"accept {await self._asked_by_bob()}", _Place.ROOM)
        await self._types("decline", _Place.ROOM, in_state("declined"))
        asked = await self._types(f"request {to_bob} for lunch", _Place.ROOM, in_state("open"), "request")
        await self._types(f"cancel {asked[KEY]['id']}", _Place.ROOM, in_state("cancelled"), "cancel")
        line = f"split 1 EUR {self.bob.user_id}"
        split = await self._types(line, _Place.ROOM, in_state("open"), "split 1 EUR")
        line = f"split close {split[KEY]['id']}"
        await self._types(line, _Place.ROOM, in_state("closed"), "split close")

    async def _card(self, name: str, line: str, place: _Place) -> None:
        card = await self._types(line, place, in_state("awaiting_approval"), name)
        cancel = "cancel" if place is _Place.ROOM else "cancel, in the direct message"
        await self._types(f"cancel {card[KEY]['id']}", place, in_state("cancelled"), cancel)

    async def _types(
        self, line: str, place: _Place, fits: Fits, name: str | None = None
    ) -> Mapping[str, Any]:
        """Type a line, and take the time to its answer, which is returned; now and then an echo before it."""
        if next(self.turns) % ECHO_EVERY == 0:
            words = f"Lunch for two, {secrets.token_hex(4)}"
            echoing = Watch(self.alice, self.echo_rooms[place], self.echo_bot)
            echo = await echoing.after_saying(words, {"echo": lambda content: content.get("body") == words})
            self.echoes[place].append(echo["echo"].milliseconds)
        answering = Watch(self.alice, self.rooms[place], self.bot)
        seen = await answering.after_saying(f"!{line}", {"answer": fits})
        self.waits[name or line, place].append(seen["answer"].milliseconds)
        return seen["answer"].content

    async def _money_from_bob(self) -> str:
        """Bob pays Alice, which is not measured; the id of the payment."""
        watch = Watch(self.bob, self.rooms[_Place.ROOM], self.bot)
        line = f"!pay {self.alice.user_id} 1 EUR"
        card = (await watch.after_saying(line, {"card": in_state("awaiting_approval")}))["card"].content[KEY]
        await watch.after_saying(f"!confirm {card['code']}", {"receipt": in_state("settled")})
        await asyncio.sleep(QUIET_SECONDS)  # the bank's webhook reaches the bot
        return str(card["id"])

    async def _asked_by_bob(self) -> str:
        """Bob asks Alice for money, which is not measured; the id of the request."""
        watch = Watch(self.bob, self.rooms[_Place.ROOM], self.bot)
        line = f"!request {self.alice.user_id} 0.50 EUR"
        return str((await watch.after_saying(line, {"asked": in_state("open")}))["asked"].content[KEY]["id"])


def _any(content: Mapping[str, Any]) -> bool:
    return "msgtype" in content
