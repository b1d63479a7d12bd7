"""How long people wait in chat, beside a bot that only echoes: to the card, to "on its way", to the receipt.

All of it happens in one run on one homeserver, turn by turn, in two rooms that are alike: the same two people
and one bot, one device each. A time begins with the person's call to send and ends with the sync that brought
the answer to the same person, decrypted.

The bot leaves out news that newer news of the same message would replace at once: where the bank settles
within that moment, the receipt is what shows the confirmation, and both times are its own.

The bank's own time is what it reports itself (`Server-Timing`) for preparing and executing an order like
those of the payments. Such orders are placed with it directly, one per round: what the bot is told with each
payment is not kept anywhere. They find the bank with nothing else to do, so that this is rather too little.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench._result import Result
from bench.echo_bot import READY
from paybridge.demo.homeserver import Homeserver
from paybridge.demo.person import Person
from paybridge.demo.program import Program
from paybridge.demo.stage import Choices, Stage
from paybridge.demo.story import ALICES_IBAN, BOBS_IBAN, KEY

ROUNDS: Final = 60
WARM_UP: Final = 5
QUIET_SECONDS: Final = 0.15
AMOUNT_MINOR: Final = 50
PASSWORD: Final = "paybridge-bench"  # noqa: S105 - of throwaway accounts on loopback
CHOICES: Final = Choices(
    config={
        "approval": {"without_factor": {"each": "1000", "total": "100000", "count": 100_000}},
        "rules": {
            "limits": {
                "unchecked": {"EUR": dict.fromkeys(("each", "day", "month", "count"), "unlimited")},
            }
        },
    }
)
PERCENTILES: Final = (50, 95)
CARD_GOAL: Final = 1.3
RECEIPT_GOAL: Final = 1.5
_TIMING: Final = re.compile(r"bank;dur=([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Times:
    """What was measured, each in milliseconds, one per round (echoes: two)."""

    echo: list[float] = field(default_factory=list)
    card: list[float] = field(default_factory=list)
    on_its_way: list[float] = field(default_factory=list)
    receipt: list[float] = field(default_factory=list)
    bank: list[float] = field(default_factory=list)


async def run() -> list[Result]:
    """p50 and p95 of the three waits over those of the echo."""
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-bench-")))
        scene = await _Scene.set_up(folder, stack)
        for _ in range(WARM_UP):
            await scene.round(Times())
        times = Times()
        for _ in range(ROUNDS):
            await scene.round(times)
    return [result for percent in PERCENTILES for result in _results(times, percent)]


def _results(times: Times, percent: int) -> list[Result]:
    echo, bank = percentile(times.echo, percent), percentile(times.bank, percent)
    print(f"latency: p{percent} of the bank's own time is {bank:.1f} ms")
    waits = (
        ("!pay to card", percentile(times.card, percent), CARD_GOAL),
        ('!confirm to "on its way"', percentile(times.on_its_way, percent), CARD_GOAL),
        ("!confirm to receipt less the bank's time", percentile(times.receipt, percent) - bank, RECEIPT_GOAL),
    )
    return [
        Result(f"latency: p{percent} {name} / echo, ms", value, echo, goal, "at_most")
        for name, value, goal in waits
    ]


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` of a hundred do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


# ---------------------------------------------------------------- people, rooms and programs


@dataclass(frozen=True, slots=True)
class _Scene:
    """Alice, who types and waits; her two rooms; and the bank, for orders of our own."""

    alice: Person
    bob: Person
    bot: str
    echo_bot: str
    echo_room: str
    pay_room: str
    bank: _Bank

    @classmethod
    async def set_up(cls, folder: Path, stack: AsyncExitStack) -> _Scene:
        homeserver = await stack.enter_async_context(Homeserver(folder / "homeserver"))
        for name in ("stage", "echo"):
            await asyncio.to_thread((folder / name).mkdir)
        stage = await stack.enter_async_context(Stage(folder / "stage", homeserver, choices=CHOICES))
        echo_bot = await _start_echo_bot(homeserver, folder / "echo", stack)
        alice, bob = [await _arrive(homeserver, folder, name, stack) for name in ("alice", "bob")]
        await _link(stage, alice, ALICES_IBAN)
        await _link(stage, bob, BOBS_IBAN)
        return cls(
            alice=alice,
            bob=bob,
            bot=stage.bot_id,
            echo_bot=echo_bot,
            echo_room=await _room(alice, bob, echo_bot),
            pay_room=await _room(alice, bob, stage.bot_id),
            bank=await _Bank.open(stage, stack),
        )

    async def round(self, times: Times) -> None:
        """An echo before each of the two commands, so that both rooms and both bots age alike."""
        await self._echo(times)
        code = await self._pay(times)
        await self._echo(times)
        await self._confirm(code, times)
        times.bank.append(await self.bank.order())
        await asyncio.sleep(QUIET_SECONDS)  # its webhook reaches the bot

    async def _echo(self, times: Times) -> None:
        words = f"Lunch for two, {secrets.token_hex(4)}"
        watch = _Watch(self.alice, self.echo_room, self.echo_bot)
        seen = await watch.after_saying(words, {"echo": lambda content: content.get("body") == words})
        times.echo.append(seen["echo"].milliseconds)

    async def _pay(self, times: Times) -> str:
        """Returns the code of the card."""
        watch = _Watch(self.alice, self.pay_room, self.bot)
        line = f"!pay {self.bob.user_id} 0.{AMOUNT_MINOR} EUR for lunch"
        seen = await watch.after_saying(line, {"card": _in_state("awaiting_approval")})
        times.card.append(seen["card"].milliseconds)
        return str(seen["card"].content[KEY]["code"])

    async def _confirm(self, code: str, times: Times) -> None:
        watch = _Watch(self.alice, self.pay_room, self.bot)
        seen = await watch.after_saying(
            f"!confirm {code}", {"on its way": _taken, "receipt": _in_state("settled")}
        )
        times.on_its_way.append(seen["on its way"].milliseconds)
        times.receipt.append(seen["receipt"].milliseconds)


async def _start_echo_bot(homeserver: Homeserver, store: Path, stack: AsyncExitStack) -> str:
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


async def _arrive(homeserver: Homeserver, folder: Path, name: str, stack: AsyncExitStack) -> Person:
    user_id = await homeserver.register(name, PASSWORD, name.title())
    person = await Person.arrive(homeserver.url, user_id, PASSWORD, folder / name, name.title())
    stack.push_async_callback(person.leave)
    return person


async def _link(stage: Stage, person: Person, iban: str) -> None:
    """Both people have a linked account: the one pays from it, the other need not claim."""
    chat = await person.direct_room_with(stage.bot_id)
    await person.wait_for_member(chat, stage.bot_id)
    await person.say(chat, f"!link bank {iban}")
    await person.wait_for(chat, lambda seen: "almost linked" in seen.body)
    await person.say(chat, f"!link verify {await stage.code_in_statement(iban)}")
    await person.wait_for(chat, lambda seen: "is linked" in seen.body)


async def _room(alice: Person, bob: Person, bot: str) -> str:
    room = await alice.create_room("Lunch", [bob.user_id, bot])
    await alice.wait_for_member(room, bob.user_id)
    await alice.wait_for_member(room, bot)
    return room


# ---------------------------------------------------------------- one measurement


@dataclass(frozen=True, slots=True)
class _Sight:
    """A message of the bot's, and how long it took."""

    milliseconds: float
    content: Mapping[str, Any]


class _Watch:
    """Watches one room for what one bot says there from now on; an edit counts by its new content."""

    def __init__(self, person: Person, room: str, bot: str) -> None:
        self._person = person
        self._room = room
        self._bot = bot
        self._read = len(person.raw(room))

    async def after_saying(
        self, words: str, wanted: Mapping[str, Callable[[Mapping[str, Any]], bool]]
    ) -> Mapping[str, _Sight]:
        """Say something, and see everything that is wanted; each counts from the sync that brought it."""
        seen: dict[str, _Sight] = {}
        began = time.perf_counter()

        def all_seen() -> bool:
            passed = (time.perf_counter() - began) * 1000
            for content in self._news():
                for name, fits in wanted.items():
                    if name not in seen and fits(content):
                        seen[name] = _Sight(passed, content)
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


def _taken(content: Mapping[str, Any]) -> bool:
    """The confirmation shows: on its way, or settled already, where the bank was quicker than a moment."""
    return _in_state("under_way")(content) or _in_state("settled")(content)


def _in_state(wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda content: content.get(KEY, {}).get("state") == wanted


# ---------------------------------------------------------------- the bank, asked directly


@dataclass(frozen=True, slots=True)
class _Bank:
    """The stage's bank, with a link of our own to Alice's account."""

    http: aiohttp.ClientSession
    link: str

    @classmethod
    async def open(cls, stage: Stage, stack: AsyncExitStack) -> _Bank:
        config = json.loads(await asyncio.to_thread(stage.config_file.read_text))
        headers = {"Authorization": f"Bearer {config['rails']['bank']['api_key']}"}
        http = await stack.enter_async_context(aiohttp.ClientSession(stage.bank_url, headers=headers))
        async with http.post("/v1/links", json={"iban": ALICES_IBAN}) as answer:
            link = str((await answer.json())["id"])
        code = await stage.code_in_statement(ALICES_IBAN)
        async with http.post(f"/v1/links/{link}/verify", json={"code": code}) as answer:
            answer.raise_for_status()
        return cls(http, link)

    async def order(self) -> float:
        """Prepare and execute an order like those of the payments; the milliseconds that the bank reports."""
        reference = f"bench-{secrets.token_hex(8)}"
        wish = {
            "reference": reference,
            "direction": "collect",
            "link": self.link,
            "amount": AMOUNT_MINOR,
            "currency": "EUR",
            "text": reference,
        }
        async with self.http.post("/v1/orders", json=wish) as answer:
            answer.raise_for_status()
            order, prepared = str((await answer.json())["id"]), _took(answer)
        path, key = f"/v1/orders/{order}/execute", {"Idempotency-Key": reference}
        async with self.http.post(path, json={"fee_cap": 0}, headers=key) as answer:
            answer.raise_for_status()
            if (await answer.json())["state"] != "settled":
                raise RuntimeError("the bank did not settle an order like those of the payments")
            return prepared + _took(answer)


def _took(answer: aiohttp.ClientResponse) -> float:
    found = _TIMING.search(answer.headers.get("Server-Timing", ""))
    if found is None:
        raise RuntimeError("the bank does not say how long it took")
    return float(found[1])
