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
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench._chat import QUIET_SECONDS, Watch, arrive, in_state, link, new_room, percentile, start_echo_bot
from bench._result import Result
from paybridge.demo.homeserver import Homeserver
from paybridge.demo.person import Person
from paybridge.demo.stage import Choices, Stage
from paybridge.demo.story import ALICES_IBAN, BOBS_IBAN, KEY

ROUNDS: Final = 60
WARM_UP: Final = 5
AMOUNT_MINOR: Final = 50
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
        echo_bot = await start_echo_bot(homeserver, folder / "echo", stack)
        alice, bob = [await arrive(homeserver, folder, name, stack) for name in ("alice", "bob")]
        await link(stage, alice, ALICES_IBAN)
        await link(stage, bob, BOBS_IBAN)
        return cls(
            alice=alice,
            bob=bob,
            bot=stage.bot_id,
            echo_bot=echo_bot,
            echo_room=await new_room(alice, bob, echo_bot),
            pay_room=await new_room(alice, bob, stage.bot_id),
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
        watch = Watch(self.alice, self.echo_room, self.echo_bot)
        seen = await watch.after_saying(words, {"echo": lambda content: content.get("body") == words})
        times.echo.append(seen["echo"].milliseconds)

    async def _pay(self, times: Times) -> str:
        """Returns the code of the card."""
        watch = Watch(self.alice, self.pay_room, self.bot)
        line = f"!pay {self.bob.user_id} 0.{AMOUNT_MINOR} EUR for lunch"
        seen = await watch.after_saying(line, {"card": in_state("awaiting_approval")})
        times.card.append(seen["card"].milliseconds)
        return str(seen["card"].content[KEY]["code"])

    async def _confirm(self, code: str, times: Times) -> None:
        watch = Watch(self.alice, self.pay_room, self.bot)
        seen = await watch.after_saying(
            f"!confirm {code}", {"on its way": _taken, "receipt": in_state("settled")}
        )
        times.on_its_way.append(seen["on its way"].milliseconds)
        times.receipt.append(seen["receipt"].milliseconds)


def _taken(content: Mapping[str, Any]) -> bool:
    """The confirmation shows: on its way, or settled already, where the bank was quicker than a moment."""
    return in_state("under_way")(content) or in_state("settled")(content)


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
