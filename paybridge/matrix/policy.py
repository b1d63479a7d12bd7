"""A room's policy and powers as the homeserver has them: read over HTTP, never out of a ciphertext."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from paybridge.domain.policy import POLICY_EVENT, Flaw, StatedPolicy, read_policy
from paybridge.domain.power import Powers, read_powers
from paybridge.matrix.wire import RefusedError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

CREATE = "m.room.create"
LEVELS = "m.room.power_levels"
TOMBSTONE = "m.room.tombstone"
JOINING = "m.room.join_rules"
READING = "m.room.history_visibility"
RULES = (POLICY_EVENT, LEVELS, JOINING, READING, TOMBSTONE)
"""Kinds of state that change what holds in a room."""
ASKED_IN = frozenset({"invite", "knock", "private"})
LONGEST_ID = 255

Known = TypeVar("Known")


class Asks(Protocol):
    """Whoever can ask the homeserver."""

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]: ...


class Rules:
    """What each room's state says about it; kept until the sync says that it changed.

    Anybody in a room can put something that looks like a state event into a ciphertext, so that what a sync
    shows is only a reason to ask again.
    """

    def __init__(self, wire: Asks) -> None:
        self._wire = wire
        self._changes: Counter[str] = Counter()
        self._created: dict[str, Mapping[str, Any]] = {}
        self._powers: dict[str, Powers] = {}
        self._stated: dict[str, StatedPolicy] = {}
        self._closed: dict[str, bool] = {}
        self._replaced: dict[str, bool] = {}

    def changed(self, room: str) -> None:
        """Somebody may have another power, or the policy be another one."""
        self._changes[room] += 1
        self._powers.pop(room, None)
        self._stated.pop(room, None)
        self._closed.pop(room, None)
        self._replaced.pop(room, None)

    async def stated_policy(self, room: str) -> StatedPolicy:
        return await self._kept(self._stated, room, self._ask_policy)

    async def powers(self, room: str) -> Powers:
        return await self._kept(self._powers, room, self._ask_powers)

    async def closed(self, room: str) -> bool:
        """Whether nobody can come in or look in who was not let in."""
        return await self._kept(self._closed, room, self._ask_closed)

    async def replaced(self, room: str) -> bool:
        """Whether people have been sent on to another room, so that nobody looks here any more."""
        return await self._kept(self._replaced, room, self._ask_replaced)

    async def predecessor(self, room: str) -> str | None:
        """The room before the upgrade. Anyone can name one, so that its tombstone must name this room."""
        content = _mapping((await self._create_event(room)).get("content"))
        before = _mapping(content.get("predecessor")).get("room_id")
        if not isinstance(before, str) or not before.startswith("!") or len(before) > LONGEST_ID:
            return None
        tombstone = await self._state(before, TOMBSTONE) or {}
        return before if tombstone.get("replacement_room") == room else None

    async def _ask_policy(self, room: str) -> StatedPolicy:
        event = await self._event(room, POLICY_EVENT)
        if event is None:
            return StatedPolicy()
        powers, sender = await self.powers(room), event.get("sender")
        if not isinstance(sender, str) or powers.of(sender) < powers.needed_to_send(POLICY_EVENT):
            return StatedPolicy(flaws=(Flaw.SENDER,))
        return read_policy(event.get("content"))

    async def _ask_powers(self, room: str) -> Powers:
        return read_powers(await self._create_event(room), await self._state(room, LEVELS))

    async def _ask_closed(self, room: str) -> bool:
        joining, reading = await self._state(room, JOINING) or {}, await self._state(room, READING) or {}
        # A room without a rule is for invited people (client-server API, "m.room.join_rules").
        invited_only = joining.get("join_rule", "invite") in ASKED_IN
        return invited_only and reading.get("history_visibility") != "world_readable"

    async def _ask_replaced(self, room: str) -> bool:
        # A redacted one is empty, and sends nobody on.
        return isinstance((await self._state(room, TOMBSTONE) or {}).get("replacement_room"), str)

    async def _create_event(self, room: str) -> Mapping[str, Any]:
        """How the room was made, which never changes."""
        if room not in self._created:
            found = await self._event(room, CREATE)
            if found is None:
                return {}
            self._created[room] = found
        return self._created[room]

    async def _event(self, room: str, kind: str) -> Mapping[str, Any] | None:
        """The whole event, with its sender; a homeserver that tells only the content tells too little."""
        found = await self._state(room, kind, {"format": "event"})
        return found if found is None or found.get("type") == kind else {}

    async def _state(
        self, room: str, kind: str, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any] | None:
        """What the room's state holds; None if there is no such event, or if the bot is not in the room."""
        try:
            return await self._wire.get("rooms", room, "state", kind, "", query=query)
        except RefusedError as error:
            if error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
                return None
            raise

    async def _kept(
        self, known: MutableMapping[str, Known], room: str, ask: Callable[[str], Awaitable[Known]]
    ) -> Known:
        if room in known:
            return known[room]
        before = self._changes[room]
        found = await ask(room)
        if self._changes[room] == before:
            known[room] = found
        return found


def _mapping(thing: object) -> Mapping[str, Any]:
    return thing if isinstance(thing, Mapping) else {}
