"""Rooms as the homeserver knows them: who is in them, whether they are encrypted, what holds in them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from paybridge.domain.numerals import without_unseen
from paybridge.matrix.policy import Rules
from paybridge.matrix.wire import RefusedError
from paybridge.services.ports import RoomFacts, Seat

if TYPE_CHECKING:
    from paybridge.domain.policy import StatedPolicy
    from paybridge.domain.power import Powers
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Mailbox

ENCRYPTED = "encrypted:"
TWO = 2  # the bot and one person
AN_ID = re.compile(r"@[^\s:]+:[^\s:]")


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a room, Matrix id to display name, how they sit there, and who is asked to come."""

    joined: Mapping[str, str | None]
    invited: frozenset[str]
    seats: Mapping[str, Seat]


class KnownRooms:
    """The `Rooms` port.

    Members are read over HTTP and kept until the sync says that they changed. That a room was ever
    encrypted is never forgotten, whatever its state says later.
    """

    def __init__(self, wire: Wire, mailbox: Mailbox, me: str) -> None:
        self._wire = wire
        self._mailbox = mailbox
        self._me = me
        self._rosters: dict[str, Roster] = {}
        self._changes: Counter[str] = Counter()
        self._encrypted: dict[str, bool] = {}
        self._unkept: set[str] | None = None
        self._rules = Rules(wire)

    async def facts(self, room: str) -> RoomFacts:
        """The room as it is now; without members if the bot is not in it; or `NotNowError`."""
        try:
            roster = await self.roster(room)
            encrypted = await self.encrypted(room)
            alone = self._me in roster.joined and len(roster.joined) == TWO
            direct = alone and await self.closed(room)
        except RefusedError:
            return RoomFacts(id=room, encrypted=self._encrypted.get(room, False), direct=False)
        return RoomFacts(room, encrypted=encrypted, direct=direct, members=roster.joined, seats=roster.seats)

    async def closed(self, room: str) -> bool:
        """Whether nobody can come in or look in who was not let in: else it is no place for a balance."""
        return await self._rules.closed(room)

    async def replaced(self, room: str) -> bool:
        """Whether another room has taken its place."""
        return await self._rules.replaced(room)

    async def stated_policy(self, room: str) -> StatedPolicy:
        return await self._rules.stated_policy(room)

    async def powers(self, room: str) -> Powers:
        return await self._rules.powers(room)

    async def named(self, typed: str) -> str | None:
        if typed.startswith("!"):
            return typed
        try:
            answer = await self._wire.get("directory", "room", typed)
        except RefusedError:
            return None
        found = answer.get("room_id")
        return found if isinstance(found, str) else None

    async def predecessor(self, room: str) -> str | None:
        return await self._rules.predecessor(room)

    async def roster(self, room: str) -> Roster:
        if room in self._rosters:
            return self._rosters[room]
        before = self._changes[room]
        answer = await self._wire.get("rooms", room, "members", query={"not_membership": "leave"})
        roster = _roster(answer)
        if self._changes[room] == before:
            self._rosters[room] = roster
        return roster

    async def shares_one_with(self, mxid: str) -> bool:
        """Whether somebody is in a room that the bot is in."""
        answer = await self._wire.get("joined_rooms")
        rooms = answer.get("joined_rooms")
        for room in rooms if isinstance(rooms, list) else ():
            if isinstance(room, str) and mxid in (await self.roster(room)).joined:
                return True
        return False

    async def encrypted(self, room: str) -> bool:
        """Whether the room is encrypted, or ever was when we looked."""
        if room not in self._encrypted:
            if await self._mailbox.recall(ENCRYPTED + room) is not None:
                self._encrypted[room] = True
            elif await self._has_encryption(room):
                await self.now_encrypted(room)
            else:
                self._encrypted.setdefault(room, False)
        return self._encrypted[room]

    async def now_encrypted(self, room: str) -> None:
        if not self._encrypted.get(room):
            self._encrypted[room] = True
            if self._unkept is not None:
                self._unkept.add(room)
                return
            await self._mailbox.remember(ENCRYPTED + room, "yes")

    def follow(self) -> None:
        """Write nothing until `take_over`: another process does."""
        self._unkept = set()

    async def take_over(self) -> None:
        """Write down what it may not have lived to write."""
        unkept, self._unkept = self._unkept or set(), None
        for room in unkept:
            await self._mailbox.remember(ENCRYPTED + room, "yes")

    def rules_changed(self, room: str) -> None:
        """Its powers or its policy are no longer what they were."""
        self._rules.changed(room)

    def changed(self, room: str) -> None:
        """Someone came, left or has another name."""
        self._changes[room] += 1
        self._rosters.pop(room, None)

    async def _has_encryption(self, room: str) -> bool:
        try:
            await self._wire.get("rooms", room, "state", "m.room.encryption", "")
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True


def _roster(answer: Mapping[str, Any]) -> Roster:
    joined: dict[str, str | None] = {}
    invited: set[str] = set()
    seats: dict[str, Seat] = {}
    events = answer.get("chunk")
    for event in events if isinstance(events, list) else ():
        match event:
            case {"state_key": str(member), "content": {"membership": "join", **profile}}:
                joined[member] = _shown_name(profile.get("displayname"))
                seats[member] = _seat(event.get("event_id"), profile.get("avatar_url"))
            case {"state_key": str(member), "content": {"membership": "invite"}}:
                invited.add(member)
    return Roster(joined, frozenset(invited), seats)


def _seat(event: object, picture: object) -> Seat:
    return Seat(event if isinstance(event, str) else "", picture if isinstance(picture, str) else None)


def _shown_name(name: object) -> str | None:
    """The display name; none if it poses as a Matrix id, which could be somebody else's."""
    if not isinstance(name, str):
        return None
    return None if AN_ID.search(without_unseen(unicodedata.normalize("NFKC", name))) else name
