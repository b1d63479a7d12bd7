"""A room that a real heisenbridge plumbs into a channel of a real ngircd, with the bot in it."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paybridge.demo.homeserver import Homeserver
from paybridge.demo.stage import Choices, Stage
from tests.harness import People
from tests.harness.heisenbridge import Heisenbridge
from tests.harness.irc import HOST, IrcPerson, IrcServer

if TYPE_CHECKING:
    from paybridge.demo.person import Person

NETWORK: Final = "town"
CHANNEL: Final = "#market"
RELAY: Final = "relay"
"""The nick under which everybody of the Matrix side speaks."""


@dataclass
class Town:
    """Everything that both sides need, but people."""

    homeserver: Homeserver
    stage: Stage
    people: People
    irc: IrcServer
    operator: Person
    bridge_bot: str
    network_room: str
    """Where the operator tells the bridge what to do on the network."""

    def ghost(self, nick: str) -> str:
        return f"@irc_{NETWORK}_{nick.lower()}:{self.homeserver.server_name}"

    async def plumb(self, channel: str, *matrix: Person, bot: str | None = None) -> str:
        """A room of these people, the operator and the bot (or another one), plumbed into a channel."""
        bot = bot or self.stage.bot_id
        invited = [*(person.user_id for person in matrix), bot, self.bridge_bot]
        room = await self.operator.create_room(channel, invited, encrypted=False)
        for person in (*matrix,):
            await self.operator.wait_for_member(room, person.user_id)
        await self.operator.wait_for_member(room, bot)
        await self.operator.say(self.network_room, f"PLUMB {room} {channel}")
        await self.operator.wait_for(self.network_room, lambda seen: f"{channel}: Joined" in seen.body)
        return room

    async def comes_by(self, nick: str, channel: str, room: str) -> IrcPerson:
        """Somebody on IRC, whose ghost is in the room."""
        person = await IrcPerson.arrive(self.irc, nick, channel)
        person.says("hello")
        await self.operator.wait_for_member(room, self.ghost(nick))
        return person


async def open_town(directory: Path, stack: AsyncExitStack) -> Town:
    """Start everything, in the order in which each needs the other."""
    for name in ("bridge", "stage", "people"):
        await asyncio.to_thread((directory / name).mkdir)
    bridge = Heisenbridge(directory / "bridge")
    irc = await stack.enter_async_context(IrcServer(directory / "bridge"))
    homeserver = Homeserver(directory / "homeserver", settings=bridge.settings())
    await stack.enter_async_context(homeserver)
    table = {"id": "irc", "profile": "heisenbridge", "registration": str(bridge.registration)}
    stage = Stage(directory / "stage", homeserver, choices=Choices(config={"bridges": [table]}))
    await stack.enter_async_context(stage)
    people = People(homeserver, directory / "people")
    stack.push_async_callback(people.leave)
    operator = await people.arrive("Operator")
    stack.push_async_callback(bridge.stop)
    await bridge.start(homeserver, operator.user_id)
    bot = bridge.bot_on(homeserver)
    control = (await operator.wait_for(None, lambda seen: seen.sender == bot)).room_id
    for line in (f"ADDNETWORK {NETWORK}", f"ADDSERVER {NETWORK} {HOST} {irc.port}", f"OPEN {NETWORK}"):
        await operator.say(control, line)
    network_room = (
        await operator.wait_for(None, lambda seen: seen.sender == bot and seen.room_id != control)
    ).room_id
    for line in (f"NICK {RELAY}", "CONNECT"):
        await operator.say(network_room, line)
    await operator.wait_for(network_room, lambda seen: "hello" in seen.body)
    return Town(homeserver, stage, people, irc, operator, bot, network_room)


def new_nick(name: str) -> str:
    """A nick that nobody else in this run has."""
    return f"{name}{secrets.token_hex(2)}"
