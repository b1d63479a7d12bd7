"""Ends the bot, the bank and the homeserver without warning, at moments that a seed decides."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from paybridge.demo.stage import Stage
    from tests.chaos.talker import Talker

DATABASE = "paybridge.db"
KILLED = -9
AIM_SECONDS = 20.0
"""How long a kill that is aimed waits for its target."""

AFTER_THE_START_SECONDS = 9.0
LIFE_SECONDS = 0.3
LOOK_EVERY = 0.05
START_PATIENCE_SECONDS = 120.0
HOMESERVER_AWAY_SECONDS = 2.0


class Aim(Enum):
    """When a kill comes."""

    ANY_TIME = "any time"
    AFTER_A_COMMAND = "after a command"
    AFTER_AN_ANSWER = "after an answer"


WEIGHTS = {Aim.ANY_TIME: 4, Aim.AFTER_A_COMMAND: 4, Aim.AFTER_AN_ANSWER: 3}


class DeadBotError(Exception):
    """The bot does not come up any more."""


@dataclass
class Killer:
    """Kills what runs on a stage, and starts it again at once. Only a kill of a living bot counts."""

    stage: Stage
    talkers: Sequence[Talker]
    chance: Random
    kills: int = 0
    in_hand: int = 0
    """Kills that left something undone: a letter, a post, or an order at the bank."""

    bank_kills: int = 0
    homeserver_stops: int = 0
    ended_by_itself: list[str] = field(default_factory=list)
    _typed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for talker in self.talkers:
            talker.on_typed = self._typed.set

    async def run(self, kills: int, bank_kills: int) -> None:
        """Kill until there were so many; the bank's and the homeserver's ends are spread among them."""
        at_bank = set(self.chance.sample(range(kills), min(bank_kills, kills)))
        at_homeserver = kills // 2
        async with asyncio.TaskGroup() as tasks:
            others = asyncio.Lock()
            while self.kills < kills:
                if self.kills in at_bank:
                    at_bank.discard(self.kills)
                    tasks.create_task(self._end_bank(others))
                if self.kills == at_homeserver and not self.homeserver_stops:
                    self.homeserver_stops = 1
                    tasks.create_task(self._restart_homeserver(others))
                await self._moment()
                await self.kill_bot()

    async def kill_bot(self) -> None:
        """One kill, and the start after it; it may be killed again before it is ready."""
        if await self.stage.bot.kill() == KILLED:
            self.kills += 1
            self.in_hand += any(in_hand(self.stage.data_dir / DATABASE))
        else:
            self.ended_by_itself.append(self.stage.bot.tail())
        await self.stage.bot.start(_at_once)

    async def until_ready(self) -> None:
        """Wait until the bot says that it is, or raise `DeadBotError`."""
        try:
            async with asyncio.timeout(START_PATIENCE_SECONDS):
                while not await self._is_ready():
                    self._look_for_life()
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError as error:
            raise DeadBotError(self.stage.bot.tail()) from error

    def _look_for_life(self) -> None:
        try:
            os.kill(self.stage.bot.pid, 0)
        except ProcessLookupError as error:
            raise DeadBotError(self.stage.bot.tail()) from error

    async def _moment(self) -> None:
        (aim,) = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if aim is Aim.ANY_TIME:
            await asyncio.sleep(self.chance.uniform(0, AFTER_THE_START_SECONDS))
            return
        await self.until_ready()
        if aim is Aim.AFTER_A_COMMAND:
            await self._next_command()
        else:
            await self.chance.choice(self.talkers).until_told(AIM_SECONDS)
        await asyncio.sleep(self.chance.uniform(0, LIFE_SECONDS))

    async def _next_command(self) -> None:
        self._typed.clear()
        try:
            async with asyncio.timeout(AIM_SECONDS):
                await self._typed.wait()
        except TimeoutError:
            return

    async def _end_bank(self, others: asyncio.Lock) -> None:
        async with others:
            await asyncio.sleep(self.chance.uniform(0, 1))
            if await self.stage.bank.kill() == KILLED:
                self.bank_kills += 1
            await asyncio.sleep(self.chance.uniform(0, 2))
            await self.stage.start_bank()

    async def _restart_homeserver(self, others: asyncio.Lock) -> None:
        """While nobody is typing: clients of people, other than the bot, cannot send again what is lost."""
        async with others:
            for talker in self.talkers:
                await talker.typing.acquire()
            try:
                await self.stage.homeserver.stop()
                await asyncio.sleep(HOMESERVER_AWAY_SECONDS)
                await self.stage.homeserver.start()
            finally:
                for talker in self.talkers:
                    talker.typing.release()

    async def _is_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.stage.web_url}/readyz") as told,
            ):
                return told.ok
        except (aiohttp.ClientError, TimeoutError):
            return False


def in_hand(file: Path) -> tuple[list[str], list[str], list[str]]:
    """What the bot has yet to do, by its own books: letters, posts (those set aside, too) and orders."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as books:
        letters = books.execute("SELECT event FROM letter WHERE done = 0").fetchall()
        posts = books.execute("SELECT id || ' ' || state FROM post WHERE state <> 'sent'").fetchall()
        legs = books.execute("SELECT id || ' ' || state FROM leg WHERE due IS NOT NULL").fetchall()
    return [one for (one,) in letters], [one for (one,) in posts], [one for (one,) in legs]


async def _at_once() -> bool:
    return True
