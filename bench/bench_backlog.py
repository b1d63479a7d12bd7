"""How fast the bot works off what was said while it was away, beside a bare nio loop in the same room.

Two such loops on accounts of their own read the same messages in the same run, one before the bot and one
after it, so that it is neither the first nor the last whom the homeserver has to find them for; the faster
one is the floor. The bot's time begins with its first sync and ends when every command in the backlog has
been handled. The messages are an hour old: most are chat, and the commands, too late by now, are answered by
one notice.

`BACKLOG` says how many messages; `make bench-big` takes 10,000.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import aiohttp

from bench._result import Result
from bench.bare_loop import READ, SETTLED, WAITING
from paybridge.demo.homeserver import Homeserver
from paybridge.demo.person import Person
from paybridge.demo.program import Program
from paybridge.demo.stage import Stage

MESSAGES: Final = 2_000
PER_ROOM_KEY: Final = 100
"""As clients renew their room keys."""

COMMAND_EVERY: Final = 50
AT_ONCE: Final = 20
OLD: Final = 3_600
GOAL: Final = 0.8
MEMORY_GOAL: Final = 1.3
PATIENCE_SECONDS: Final = 300.0
LOOK_EVERY: Final = 0.01
MIB: Final = 2**20
PASSWORD: Final = "paybridge-bench"  # noqa: S105 - of throwaway accounts on loopback
CHAT: Final = (
    "Shall we meet at eight?",
    "Yes!",
    "I'll bring the tickets",
    "👍",
    "Can you hear the sea? " * 8,
)
COMMANDS: Final = ("!help", "!balance", "!history")
_BEGAN: Final = re.compile(r"^(\S+)\s.*\bsync_begins\b", re.MULTILINE)


async def run() -> list[Result]:
    """Messages a second beside the bare loop's, and the bot's memory at its peak beside that at rest."""
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-bench-")))
        scene = await _Scene.set_up(folder, stack)
        count = int(os.environ.get("BACKLOG", str(MESSAGES)))
        at_rest = _memory(scene.stage.bot.pid, "VmRSS")
        await scene.stage.bot.stop()
        await _write(scene, count)
        before = await scene.loops[0].catch_up(count)
        bot, peak, after = await _bot_catches_up(scene.stage, count)
        floor = max(before, await scene.loops[1].catch_up(count))
        print(
            f"backlog: {count} messages; the bot's memory: {at_rest:.0f} MiB at rest, {peak:.0f} at most, ",
            end="",
        )
        print(f"{after:.0f} afterwards")
    return [
        Result("backlog: messages/s / bare nio loop", bot, floor, GOAL),
        Result("backlog: memory at its peak / at rest, MiB", peak, at_rest, MEMORY_GOAL, "at_most"),
    ]


# ---------------------------------------------------------------- people, rooms and programs


@dataclass(frozen=True, slots=True)
class _Service:
    """An application service: whoever may send in somebody's name what was said an hour ago."""

    file: Path
    token: str

    @classmethod
    def register(cls, file: Path) -> _Service:
        token = secrets.token_hex(16)
        wish = {
            "id": "past",
            "url": None,
            "as_token": token,
            "hs_token": secrets.token_hex(16),
            "sender_localpart": "past",
            "namespaces": {"users": [{"exclusive": False, "regex": "@alice:.*"}]},
        }
        # JSON is YAML too.
        file.write_text(json.dumps(wish), encoding="utf-8")
        return cls(file, token)


@dataclass(frozen=True, slots=True)
class _Loop:
    """A bare nio loop: a program that reads the backlog when it is started for the second time."""

    user_id: str
    program: Program

    async def settle(self) -> None:
        """Wait until it remembers where it is, and end it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while SETTLED not in self.program.printed():  # noqa: ASYNC110 - a program can only be looked at
                await asyncio.sleep(LOOK_EVERY)
        await self.program.stop()

    async def catch_up(self, count: int) -> float:
        """Messages a second."""
        await self.program.start(_running)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while READ not in self.program.printed():  # noqa: ASYNC110 - a program can only be looked at
                await asyncio.sleep(LOOK_EVERY)
        await self.program.stop()
        _, read, seconds = self.program.printed().splitlines()[-1].split()
        if int(read) < count:
            raise RuntimeError(f"the bare loop read {read} of {count} messages")
        return int(read) / float(seconds)


@dataclass(frozen=True, slots=True)
class _Scene:
    """Alice, who talks on while nobody else listens; the room; the bot; and two bare loops."""

    stage: Stage
    alice: Person
    room: str
    service: _Service
    loops: Sequence[_Loop]

    @classmethod
    async def set_up(cls, folder: Path, stack: AsyncExitStack) -> _Scene:
        service = _Service.register(folder / "past.json")
        homeserver = Homeserver(
            folder / "homeserver", settings={"app_service_config_files": [str(service.file)]}
        )
        await stack.enter_async_context(homeserver)
        await asyncio.to_thread((folder / "stage").mkdir)
        stage = await stack.enter_async_context(Stage(folder / "stage", homeserver))
        loops = [await _loop(homeserver, folder, name, stack) for name in ("before", "after")]
        user_id = await homeserver.register("alice", PASSWORD, "Alice")
        alice = await Person.arrive(homeserver.url, user_id, PASSWORD, folder / "alice", "Alice")
        stack.push_async_callback(alice.leave)
        everyone = [stage.bot_id, *(loop.user_id for loop in loops)]
        room = await alice.create_room("Holidays", everyone)
        for who in everyone:
            await alice.wait_for_member(room, who)
        await alice.say(room, "!help")
        await alice.wait_for(room, lambda seen: seen.sender == stage.bot_id)
        for loop in loops:
            await loop.settle()
        return cls(stage, alice, room, service, loops)


async def _loop(homeserver: Homeserver, folder: Path, name: str, stack: AsyncExitStack) -> _Loop:
    user_id = await homeserver.register(name, PASSWORD)
    store = folder / name
    await asyncio.to_thread(store.mkdir)
    program = Program(
        "bench.bare_loop", homeserver.url, user_id, str(store),
        output=store / "loop.out", environment={"LOOP_PASSWORD": PASSWORD},
    )  # fmt: skip

    async def ready() -> bool:
        return WAITING in program.printed()

    stack.push_async_callback(program.stop)
    await program.start(ready)
    return _Loop(user_id, program)


# ---------------------------------------------------------------- what is said meanwhile


async def _write(scene: _Scene, count: int) -> None:
    began, headers = time.perf_counter(), {"Authorization": f"Bearer {scene.service.token}"}
    free = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(headers=headers) as http, asyncio.TaskGroup() as tasks:
        for number in range(count):
            if number % PER_ROOM_KEY == 0:
                await _renew_key(scene)
            words = COMMANDS if number % COMMAND_EVERY == 0 else CHAT
            content = {"msgtype": "m.text", "body": words[number % len(words)]}
            olm = scene.alice.client.olm
            assert olm is not None  # she has logged in
            cipher = olm.group_encrypt(scene.room, {"type": "m.room.message", "content": content})
            await free.acquire()
            tasks.create_task(_put(scene, http, number, cipher)).add_done_callback(lambda _: free.release())
    print(f"backlog: {count / (time.perf_counter() - began):.0f} messages/s written")


async def _renew_key(scene: _Scene) -> None:
    client = scene.alice.client
    client.invalidate_outbound_session(scene.room)
    await client.share_group_session(scene.room, ignore_unverified_devices=True)


async def _put(scene: _Scene, http: aiohttp.ClientSession, number: int, cipher: dict[str, str]) -> None:
    room = f"{scene.stage.homeserver.url}/_matrix/client/v3/rooms/{scene.room}"
    params = {"user_id": scene.alice.user_id, "ts": str(int((time.time() - OLD) * 1000))}
    async with http.put(f"{room}/send/m.room.encrypted/past{number}", json=cipher, params=params) as answer:
        answer.raise_for_status()


async def _running() -> bool:
    """Enough of a start: on a busy machine the messages take longer than a program may to be ready."""
    return True


# ---------------------------------------------------------------- the bot


async def _bot_catches_up(stage: Stage, count: int) -> tuple[float, float, float]:
    """Messages a second; and the bot's memory in MiB: at its peak, and when it had caught up."""
    inbox = _Inbox(stage.data_dir / "paybridge.db")
    commands = -(-count // COMMAND_EVERY)
    known, token = inbox.letters(), inbox.token()
    await stage.bot.start(_running)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while inbox.token() == token:  # noqa: ASYNC110 - a database can only be asked
            await asyncio.sleep(LOOK_EVERY)
        taken_in = time.time()
        while inbox.waiting():  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_EVERY)
    ended = time.time()
    letters = inbox.letters() - known
    if letters < commands:
        raise RuntimeError(f"the bot took in {letters} of {commands} commands")
    pid, began = stage.bot.pid, _first_sync(stage.bot)
    print(f"backlog: all taken in after {taken_in - began:.2f} s, ", end="")
    print(f"{commands} commands among it ({letters} letters) handled after {ended - began:.2f} s")
    return count / (ended - began), _memory(pid, "VmHWM"), _memory(pid, "VmRSS")


class _Inbox:
    """The bot's inbox, looked at from outside."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def token(self) -> str:
        return str(self._one("SELECT value FROM memory WHERE name = 'sync_token'"))

    def letters(self) -> int:
        return int(str(self._one("SELECT count(*) FROM letter")))

    def waiting(self) -> int:
        return int(str(self._one("SELECT count(*) FROM letter WHERE done = 0")))

    def _one(self, question: str) -> object:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as database:
            return database.execute(question).fetchone()[0]


def _first_sync(bot: Program) -> float:
    moments = _BEGAN.findall(bot.printed())
    return datetime.fromisoformat(moments[-1]).timestamp()


def _memory(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(rf"{name}:\s+(\d+)", status)[0]) * 1024 / MIB
