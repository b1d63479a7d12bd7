"""Examines which bridges are in the bot's rooms, beside the table that says whom it believes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from paybridge.matrix.wire import NotNowError, RefusedError, TokenRevokedError, Wire
from paybridge.services.finding import Finding, bad, good, note, unknown

if TYPE_CHECKING:
    from paybridge.domain.bridges import Bridge, Bridges

PART: Final = "bridges"
BRIDGED: Final = frozenset({"m.bridge", "uk.half-shot.bridge"})
AT_ONCE: Final = 8
MOST_BRIDGES: Final = 20
NAMED: Final = 5

NEVER = (NotNowError, RefusedError, TokenRevokedError)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one room says of its bridges, which anybody in it may have written: enough to ask the operator."""

    bots: frozenset[str]
    stems: frozenset[str]
    members: frozenset[str]

    @classmethod
    def of(cls, state: Iterable[object]) -> Sighting:
        """What stands in a room's state, whatever stands in it."""
        bots, stems, members = set(), set(), set()
        for event in state:
            kind, content = _part(event, "type"), _part(event, "content")
            if kind in BRIDGED and isinstance(bot := _part(content, "bridgebot"), str):
                bots.add(bot)
                stems.add(_localpart(bot).removesuffix("bot"))
                if isinstance(protocol := _part(_part(content, "protocol"), "id"), str):
                    stems.add(protocol)
            elif kind == "m.room.member" and _part(content, "membership") == "join":
                members.add(str(_part(event, "state_key")))
        return cls(frozenset(bots), frozenset(stems - {""}), frozenset(members))

    def strangers(self, bridges: Bridges) -> Iterator[str]:
        """Members who are called like ghosts of these bridges, and are in no row."""
        beginnings = tuple(f"@{stem}_" for stem in self.stems)
        for mxid in self.members:
            if mxid.startswith(beginnings) and bridges.of(mxid) is None and bridges.denying(mxid) is None:
                yield mxid


async def check_bridges(wire: Wire, bridges: Bridges) -> Sequence[Finding]:
    """Whether each row's bot exists, and which bridges in the bot's rooms are in no row."""
    rows = await asyncio.gather(*(_row(wire, bridge) for bridge in bridges.rows))
    try:
        sightings = await _look_around(wire)
    except NEVER as error:
        return [*rows, unknown(PART, f"the homeserver does not say which are in the bot's rooms: {error}")]
    return [*rows, *_compared(sightings, bridges)]


async def _row(wire: Wire, bridge: Bridge) -> Finding:
    part = f"bridge {bridge.id}"
    try:
        await wire.get("profile", bridge.bot)
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            return unknown(part, f"the homeserver does not say whether {bridge.bot} exists: {error}")
        wrong = f"its bot, {bridge.bot}, is no account of the homeserver's"
        return bad(part, wrong, f"set `bot` of the bridge {bridge.id}, or take the row out of `bridges`")
    except NEVER as error:
        return unknown(part, f"the homeserver does not say whether {bridge.bot} exists: {error}")
    return good(part, f"{bridge.network}: {bridge.bot} exists, and its ghosts are trusted as {bridge.tier}")


async def _look_around(wire: Wire) -> list[Sighting]:
    joined = (await wire.get("joined_rooms")).get("joined_rooms", [])
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(room: str) -> Sighting:
        async with gate:
            return Sighting.of(await _state(wire, room))

    return await asyncio.gather(*(look(room) for room in joined if isinstance(room, str)))


async def _state(wire: Wire, room: str) -> list[object]:
    """Who is there, and the latest that was said of bridges."""
    there = await wire.get("rooms", room, "members", query={"membership": "join"})
    of_bridges = json.dumps({"types": sorted(BRIDGED)})
    query = {"dir": "b", "limit": str(MOST_BRIDGES), "filter": of_bridges}
    told = await wire.get("rooms", room, "messages", query=query)
    chunks = (there.get("chunk"), told.get("chunk"))
    return [event for chunk in chunks if isinstance(chunk, list) for event in chunk]


def _compared(sightings: Sequence[Sighting], bridges: Bridges) -> Iterator[Finding]:
    known = {bridge.bot for bridge in bridges.rows}
    bots = sorted(set().union(*(seen.bots for seen in sightings)) - known)
    strangers = sorted({mxid for seen in sightings for mxid in seen.strangers(bridges)})
    if bots:
        yield note(
            PART,
            f"{_some(bots)} bridge rooms of the bot's and are in no row of `bridges`:"
            " their people are taken for ordinary ones, and what they relay for their own words",
            "add a row for each to `bridges`, with tier denied if several people speak through it",
        )
    if strangers:
        yield note(
            PART,
            f"{_some(strangers)} look like ghosts and are in no row of `bridges`",
            "see that `ghosts` fits what the bridge calls its ghosts (username_template in its config)",
        )
    if not bots and not strangers:
        bridged = sum(bool(seen.bots) for seen in sightings)
        yield good(PART, f"each bridge that the bot's rooms name is in the table ({bridged} rooms name one)")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _localpart(mxid: str) -> str:
    return mxid.removeprefix("@").partition(":")[0]


def _part(thing: object, name: str) -> object:
    return thing.get(name) if isinstance(thing, Mapping) else None
