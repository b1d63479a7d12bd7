"""How long people on IRC wait for an answer, beside a bot that only echoes over the same bridge.

One heisenbridge plumbs two rooms into two channels of one ngircd, the bot in one and a plain nio bot in the
other. A time begins when a person's IRC client sends the line and ends when it has read the answer's first
line. Between two lines it is quiet for so long that the bridge, which counts them, holds nothing back.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from bench._chat import percentile, start_echo_bot
from bench._result import Result
from tests.harness import heisenbridge, irc
from tests.harness.irc import IrcPerson
from tests.harness.plumbed import Town, open_town

ROUNDS: Final = 12
NICKS: Final = ("bob", "carol", "dave", "erin")
"""Each is answered a few times a minute, where nothing changes."""
QUIET_SECONDS: Final = 2.5
GOAL: Final = 1.5


async def run() -> list[Result]:
    """p50 of the answer to `!balance` over that of the echo; nothing where there is no bridge to measure."""
    missing = irc.MISSING if irc.NGIRCD is None else heisenbridge.MISSING
    if irc.NGIRCD is None or not heisenbridge.is_installed():
        sys.stdout.write(f"bridged: not measured: {missing}\n")
        return []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-bench-")))
        town = await open_town(folder, stack)
        await asyncio.to_thread((folder / "echo").mkdir)
        echo_bot = await start_echo_bot(town.homeserver, folder / "echo", stack)
        paying = await _people(town, "#pay", "")
        echoing = await _people(town, "#echo", "x", bot=echo_bot)
        echoes: list[float] = []
        answers: list[float] = []
        for echoed, answered in islice(zip(cycle(echoing), cycle(paying), strict=False), ROUNDS):
            words = secrets.token_hex(8)
            echoes.append(await _milliseconds(echoed, words, words))
            answers.append(await _milliseconds(answered, "!balance", "for you alone"))
    print(f"bridged: p90 {percentile(answers, 90):.0f} ms, of the echo {percentile(echoes, 90):.0f} ms")
    value, floor = percentile(answers, 50), percentile(echoes, 50)
    return [Result("bridged: p50 IRC to answer on IRC / echo, ms", value, floor, GOAL, "at_most")]


async def _people(town: Town, channel: str, ending: str, *, bot: str | None = None) -> list[IrcPerson]:
    room = await town.plumb(channel, bot=bot)
    return [await town.comes_by(nick + ending, channel, room) for nick in NICKS]


async def _milliseconds(person: IrcPerson, line: str, words: str) -> float:
    await asyncio.sleep(QUIET_SECONDS)
    began = time.perf_counter()
    await person.asks(line, words)
    return (time.perf_counter() - began) * 1000
