"""One fuzz run: the bot's Matrix side is told strange things, and must neither fall, forget nor grow."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from paybridge.matrix.account import MatrixOptions
from paybridge.matrix.bot import MatrixSide
from paybridge.services.pinning import Pins
from tests.fakes.database import StoodClock, open_book
from tests.fakes.house import settings
from tests.flows.bot import SilentBell, render
from tests.fuzz.events import ROOMS, Maker
from tests.fuzz.friend import Friend
from tests.fuzz.homeserver import GAP, ME, SAFE_ROOM, Homeserver
from tests.fuzz.junk import junk
from tests.fuzz.logbook import Logbook, counted
from tests.fuzz.mutations import ODD_TEXTS, Mutator, encoded
from tests.fuzz.watch import CANARY, Watch, WatchedMailbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fuzz.mutations import Json

ALICE: Final = "@alice:hs"
CAROL: Final = "@carol:hs"
MOST_PER_ANSWER: Final = 60
MOST_OPEN: Final = 300
ODD_ROOMS: Final = 0.05
NEW_KEY_EVERY: Final = 50
WARM_UP: Final = 0.25
DRAIN_SECONDS: Final = 120.0
INPUTS_PER_JUNK: Final = 20
PAGE_BYTES: Final = 4096


class FellError(Exception):
    """A task of the bot ended, or it no longer asks; `answer` is what it was told last."""

    def __init__(self, why: str, answer: bytes) -> None:
        super().__init__(why)
        self.answer = answer


class SteadyChance:
    """Tokens that differ, and pauses as short as they may be."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def number(self) -> int:
        return 0

    def token(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"


@dataclass
class Outcome:
    """What a run showed. Memory in bytes, after the warm-up and at the end."""

    watch: Watch
    inputs: int = 0
    answers: int = 0
    nonsense: int = 0
    canaries: int = 0
    seconds: float = 0.0
    memory: list[int] = field(default_factory=list)
    log: Logbook = field(default_factory=Logbook)


@dataclass
class Bot:
    """The bot's Matrix side with all its tasks, on a homeserver that is none."""

    side: MatrixSide
    server: Homeserver
    watch: Watch
    tasks: Sequence[asyncio.Future[None]]

    async def is_told(self, answer: bytes, token: str | None) -> None:
        """Tell it, and return when it asks for more; `FellError` if it does not, or only for the same."""
        telling = asyncio.ensure_future(self.server.tell(answer, token))
        try:
            await asyncio.wait(
                [telling, *self.tasks], timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            self.must_stand(answer)
            if not telling.done():
                raise FellError("the bot does not ask for more", answer)
        finally:
            telling.cancel()

    async def comes_to_rest(self, most_open: int = 0, answer: bytes = b"") -> None:
        """Wait until no more letters than these are undone."""
        async with asyncio.timeout(DRAIN_SECONDS):
            while self.watch.open > most_open:
                self.must_stand(answer)
                await asyncio.sleep(0.01)

    def must_stand(self, answer: bytes) -> None:
        for task in self.tasks:
            if task.done():
                error = None if task.cancelled() else task.exception()
                raise FellError(f"a task of the bot has ended: {error!r}", answer) from error


async def fuzz(inputs: int, seed: int, folder: Path, tell: Callable[[str], None]) -> Outcome:
    """Tell the bot so many strange things. Raises `FellError`; what else is wrong stands in the outcome."""
    chance = Random(seed)  # noqa: S311 - to be repeated
    mutator = Mutator(chance, await asyncio.to_thread(junk, inputs // INPUTS_PER_JUNK, seed))
    with counted() as log:
        outcome = await _fuzz(inputs, folder, mutator, tell)
    outcome.log = log
    return outcome


async def _fuzz(inputs: int, folder: Path, mutator: Mutator, tell: Callable[[str], None]) -> Outcome:
    chance = mutator.chance
    alice, carol = (Friend(mxid, folder / mxid[1:6]) for mxid in (ALICE, CAROL))
    try:
        server = Homeserver(mutator, chance, {ALICE: alice, CAROL: carol}, CAROL)
        async with _running(server, folder, chance) as bot:
            keys = iter(server.one_time_keys.items())
            for friend in (alice, carol):
                friend.meet(server.bot_keys, dict([next(keys)]))
            return await _Run(bot, Maker(chance, mutator, alice), carol, chance).go(inputs, tell)
    finally:
        alice.close()
        carol.close()


class _Run:
    """One after the other, as fast as the bot takes them."""

    def __init__(self, bot: Bot, maker: Maker, carol: Friend, chance: Random) -> None:
        self._bot = bot
        self._maker = maker
        self._carol = carol
        self._chance = chance
        self._outcome = Outcome(bot.watch)

    async def go(self, inputs: int, tell: Callable[[str], None]) -> Outcome:
        outcome, began, steps = self._outcome, time.perf_counter(), 0
        await self._bot.is_told(encoded({"next_batch": "s0"}), "s0")
        self._bot.server.misbehaves = True
        warm = int(inputs * WARM_UP)
        while outcome.inputs < inputs:
            answer, token = self._answer()
            await self._bot.is_told(answer, token)
            await self._bot.comes_to_rest(MOST_OPEN, answer)
            if not outcome.memory and outcome.inputs >= warm:
                await self._note_memory()
            if outcome.inputs * 20 // inputs > steps:
                steps = outcome.inputs * 20 // inputs
                passed = time.perf_counter() - began
                tell(
                    f"{outcome.inputs} inputs, {outcome.inputs / passed:.0f}/s, {memory() / 2**20:.0f} MiB, "
                    f"{self._bot.watch.letters} letters, {self._bot.watch.canaries} canaries"
                )
        await self._note_memory()
        outcome.seconds = time.perf_counter() - began
        outcome.nonsense = self._bot.server.nonsense
        return outcome

    async def _note_memory(self) -> None:
        await self._bot.comes_to_rest()
        gc.collect()
        _give_back()
        self._outcome.memory.append(memory())

    def _answer(self) -> tuple[bytes, str | None]:
        """The answer to one sync, with inputs in it, and its token.

        At times it is strange as a whole, and need not be taken; else there is a canary in it.
        """
        self._outcome.answers += 1
        token = f"s{self._outcome.answers}"
        to_device = [self._maker.to_device() for _ in range(self._chance.randrange(MOST_PER_ANSWER // 3))]
        rooms = {room: self._room(room) for room in self._chance.sample(ROOMS, self._chance.randint(1, 3))}
        if self._chance.random() < ODD_ROOMS:
            rooms[self._chance.choice(ODD_TEXTS)] = self._room(ROOMS[0])
        self._outcome.inputs += len(to_device)
        around = self._maker.surroundings()
        if self._chance.random() < 0.1:
            self._outcome.inputs += 1
            told = {
                "to_device": {"events": to_device},
                "rooms": {"join": rooms},
                "next_batch": token,
                **around,
            }
            return encoded(self._maker.mutator.mutated(told)), None
        keys, told = self._canary()
        around["to_device"] = {"events": [*to_device, *keys]}
        others = around["rooms"] if isinstance(around.get("rooms"), dict) else {}
        around["rooms"] = {**others, "join": {**rooms, SAFE_ROOM: told}}
        return encoded({**around, "next_batch": token}), token

    def _room(self, room: str) -> Json:
        events = [self._maker.in_room(room) for _ in range(self._chance.randrange(MOST_PER_ANSWER // 3))]
        self._outcome.inputs += len(events)
        timeline: dict[str, Any] = {"events": events}
        if self._chance.random() < 0.1:
            timeline |= {"limited": True, "prev_batch": GAP}
            self._bot.server.gap = [self._maker.in_room(room) for _ in range(10)]
            self._outcome.inputs += 10
        return {"timeline": timeline}

    def _canary(self) -> tuple[list[Json], Json]:
        """A command that must be understood, whatever stands around it."""
        number = self._outcome.canaries
        self._outcome.canaries += 1
        keys = [self._carol.new_room_key(SAFE_ROOM)] if number % NEW_KEY_EVERY == 0 else []
        content = {"msgtype": "m.text", "body": f"{CANARY}{number}"}
        inside = {"type": "m.room.message", "room_id": SAFE_ROOM, "content": content}
        canary = {
            "type": "m.room.encrypted",
            "event_id": f"$canary{number}",
            "sender": CAROL,
            "origin_server_ts": number,
            "content": self._carol.encrypt(SAFE_ROOM, json.dumps(inside).encode()),
        }
        strange = [self._maker.in_room(SAFE_ROOM) for _ in range(self._chance.randrange(3))]
        self._outcome.inputs += len(strange)
        return keys, {"timeline": {"events": [*strange, canary]}}


@asynccontextmanager
async def _running(server: Homeserver, folder: Path, chance: Random) -> AsyncIterator[Bot]:
    clock = StoodClock()
    book, mailbox, vault, database = await open_book(folder, clock)
    watch = Watch(CAROL, frozenset({ALICE, CAROL}))
    side = MatrixSide(
        MatrixOptions(url="http://nowhere.invalid", user_id=ME, data_dir=folder, password="made up"),
        mailbox=cast("Any", WatchedMailbox(mailbox, vault, watch)),
        pins=Pins(book, vault, clock, settings(), SilentBell(), SilentBell()),
        vault=vault,
        clock=clock,
        chance=SteadyChance(chance),
        render=render,
        may_invite=lambda mxid: mxid != CAROL,
        on_set_aside=lambda _post, _reason: None,
        key_patience=0.05,
    )
    # Between the bot and the network: what comes back is read as any homeserver's bytes would be.
    side._wire._session = cast("Any", server)  # noqa: SLF001 - there is no other place to stand in
    try:
        await side.start(watch.hear)
        tasks = [asyncio.ensure_future(task()) for task in side.tasks().values()]
        try:
            yield Bot(side, server, watch, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await side.close()
        await database.close()


def _give_back() -> None:
    """Have the C library return what is free.

    Answers of a megabyte and more come and go; what it keeps of them for the next ones is no growth.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def memory() -> int:
    """The bytes that this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
