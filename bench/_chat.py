"""Who talks in the benchmarks of the chat: people, rooms, the echoing bot; and a watch on what bots say."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.echo_bot import READY
from paybridge.demo.homeserver import Homeserver
from paybridge.demo.person import Person
from paybridge.demo.program import Program
from paybridge.demo.stage import Stage
from paybridge.demo.story import KEY

QUIET_SECONDS: Final = 0.15
PASSWORD: Final = "paybridge-bench"  # noqa: S105 - of throwaway accounts on loopback


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` of a hundred do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


async def start_echo_bot(homeserver: Homeserver, store: Path, stack: AsyncExitStack) -> str:
    password = secrets.token_urlsafe(16)
    user_id = await homeserver.register("echo", password)
    await homeserver.set_ratelimit_override(user_id)
    program = Program(
        "bench.echo_bot", homeserver.url, user_id, str(store),
        output=store / "echo.out", environment={"ECHO_PASSWORD": password},
    )  # fmt: skip

    async def ready() -> bool:
        return READY in program.printed()

    stack.push_async_callback(program.stop)
    await program.start(ready)
    return user_id


async def arrive(homeserver: Homeserver, folder: Path, name: str, stack: AsyncExitStack) -> Person:
    user_id = await homeserver.register(name, PASSWORD, name.title())
    person = await Person.arrive(homeserver.url, user_id, PASSWORD, folder / name, name.title())
    stack.push_async_callback(person.leave)
    return person


async def link(stage: Stage, person: Person, iban: str) -> None:
    """Both people have a linked account: the one pays from it, the other need not claim."""
    chat = await person.direct_room_with(stage.bot_id)
    await person.wait_for_member(chat, stage.bot_id)
    await person.say(chat, f"!link bank {iban}")
    await person.wait_for(chat, lambda seen: "almost linked" in seen.body)
    await person.say(chat, f"!link verify {await stage.code_in_statement(iban)}")
    await person.wait_for(chat, lambda seen: "is linked" in seen.body)


async def new_room(alice: Person, bob: Person, bot: str) -> str:
    room = await alice.create_room("Lunch", [bob.user_id, bot])
    await alice.wait_for_member(room, bob.user_id)
    await alice.wait_for_member(room, bot)
    return room


# ---------------------------------------------------------------- one measurement


@dataclass(frozen=True, slots=True)
class Sight:
    """A message of the bot's, and how long it took."""

    milliseconds: float
    content: Mapping[str, Any]


class Watch:
    """Watches one room for what one bot says there from now on; an edit counts by its new content."""

    def __init__(self, person: Person, room: str, bot: str) -> None:
        self._person = person
        self._room = room
        self._bot = bot
        self._read = len(person.raw(room))

    async def after_saying(
        self, words: str, wanted: Mapping[str, Callable[[Mapping[str, Any]], bool]]
    ) -> Mapping[str, Sight]:
        """Say something, and see everything that is wanted; each counts from the sync that brought it."""
        seen: dict[str, Sight] = {}
        began = time.perf_counter()

        def all_seen() -> bool:
            passed = (time.perf_counter() - began) * 1000
            for content in self._news():
                for name, fits in wanted.items():
                    if name not in seen and fits(content):
                        seen[name] = Sight(passed, content)
            return len(seen) == len(wanted)

        waiting = asyncio.create_task(self._person.wait_until(all_seen))
        try:
            await self._person.say(self._room, words)
            await waiting
        finally:
            waiting.cancel()
        # What is still to be done after the answer must not slow down the next one.
        await asyncio.sleep(QUIET_SECONDS)
        return seen

    def _news(self) -> list[Mapping[str, Any]]:
        events = self._person.raw(self._room)[self._read :]
        self._read += len(events)
        contents = [event["content"] for event in events if event.get("sender") == self._bot]
        return [content.get("m.new_content", content) for content in contents]


def in_state(wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda content: content.get(KEY, {}).get("state") == wanted
