"""The sync loop: what the homeserver tells goes to the mailbox first, and only then is it handled.

While another process acts for the bot, it goes nowhere: keys and news of rooms are taken, and what was said
is held until the other one is seen to have received it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from paybridge.failpoints import failpoint
from paybridge.matrix.backoff import Backoff
from paybridge.matrix.gestures import REACTION, REDACTION
from paybridge.matrix.policy import RULES
from paybridge.matrix.wire import NotNowError

if TYPE_CHECKING:
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.devices import Devices
    from paybridge.matrix.held import Held
    from paybridge.matrix.intake import Intake
    from paybridge.matrix.invites import Invites
    from paybridge.matrix.place import Place
    from paybridge.matrix.rooms import KnownRooms
    from paybridge.matrix.upkeep import Upkeep
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Chance, Letter, Mailbox

Heard = Callable[[Sequence["Letter"], frozenset[tuple[str, str]]], None]
CameToDevice = Callable[[Sequence[object]], None]

LONG_POLL_SECONDS = 30
GRACE_SECONDS = 15
FIRST_SYNC_SECONDS = 300
TIMELINE_LIMIT = 100
STATE = ["m.room.member", "m.room.encryption", *RULES]
KINDS = ["m.room.message", "m.room.encrypted", REDACTION, REACTION, "m.key.verification.*", *STATE]

log = structlog.stdlib.get_logger(__name__)


class SyncLoop:
    """Asks again and again, from where this device was."""

    def __init__(  # noqa: PLR0913 - everyone who is told
        self,
        *,
        wire: Wire,
        crypto: Crypto,
        devices: Devices,
        upkeep: Upkeep,
        rooms: KnownRooms,
        invites: Invites,
        intake: Intake,
        mailbox: Mailbox,
        place: Place,
        held: Held,
        chance: Chance,
        heard: Heard,
        came_to_device: CameToDevice = lambda _: None,
        follows: bool = False,
    ) -> None:
        self._wire = wire
        self._crypto = crypto
        self._devices = devices
        self._upkeep = upkeep
        self._rooms = rooms
        self._invites = invites
        self._intake = intake
        self._mailbox = mailbox
        self._chance = chance
        self._heard = heard
        self._came_to_device = came_to_device
        self._place = place
        self._held = held
        self._follows = follows
        self._since: str | None = None
        self._taking = asyncio.Lock()
        self.synced = False
        self._answered = _now()

    @property
    def silence(self) -> float:
        """Seconds since the homeserver last answered, or since there is something to ask it."""
        return _now() - self._answered

    async def run(self) -> None:
        try:
            since = self._place.read() or await self._mailbox.sync_token(self._crypto.device_id)
            self._held.let_go()
            self._since = None
            log.info("sync_begins", first=since is None, follows=self._follows)
            await self._go_on(since)
        finally:
            self.synced = False

    async def take_over(self) -> None:
        """Receive what was held: from now on this process acts. Raises `BookUnavailableError`."""
        async with self._taking:
            if self._since is not None:
                await self._receive(self._held.letters, self._since)
                self._held.let_go()
            self._follows = False

    async def _go_on(self, since: str | None) -> None:
        backoff = Backoff(self._chance)
        while True:
            try:
                since = await self._once(since)
            except NotNowError as error:
                self.synced = False
                log.warning("sync_failed", why=str(error))
                await asyncio.sleep(backoff.seconds(error.after))
                continue
            backoff.reset()

    async def _once(self, since: str | None) -> str:
        query = {"filter": _filter(first=since is None)}
        # At first the answer comes at once, so that we know early that we are connected.
        patience, poll = (LONG_POLL_SECONDS + GRACE_SECONDS, LONG_POLL_SECONDS) if self.synced else (60, 0)
        if since is None:
            patience = FIRST_SYNC_SECONDS
        else:
            query["since"] = since
        query["timeout"] = str(poll * 1000)
        answer = await self._wire.get("sync", query=query, patience=patience)
        token = answer.get("next_batch")
        if not isinstance(token, str) or not token.isprintable():
            raise NotNowError("sync: no next_batch")
        async with self._taking:
            await self._take(answer, since, token)
            self._since = token
        self.synced = True
        self._answered = _now()
        return token

    async def _take(self, answer: Mapping[str, Any], since: str | None, token: str) -> None:
        """Take in one answer. Nothing of it is handled before it is written down with the new token."""
        to_device = _list(answer, "to_device", "events")
        came = self._crypto.take(to_device)
        self._came_to_device(to_device)
        self._devices.outdated(_names(answer, "device_lists", "changed"))
        self._devices.outdated(_names(answer, "device_lists", "left"))
        self._upkeep.counted(
            answer.get("device_one_time_keys_count"), answer.get("device_unused_fallback_key_types")
        )
        rooms = _part(answer, "rooms")
        letters: list[Letter] = []
        for room, told in _rooms(rooms, "join"):
            self._invites.settled(room)
            letters += await self._intake.room(room, told, since)
        for room, _ in _rooms(rooms, "leave"):
            self._invites.settled(room)
            self._rooms.changed(room)
            self._rooms.rules_changed(room)
        for room, told in _rooms(rooms, "invite"):
            self._invites.offer(room, told)
        if self._follows:
            await self._held.hold(letters)
            if not self._held.letters:
                self._place.keep(token)
            return
        failpoint("sync.received")
        new = await self._receive(letters, token)
        failpoint("sync.kept")
        self._heard([letter for letter in letters if letter.event in new], frozenset(came))

    async def _receive(self, letters: Sequence[Letter], token: str) -> frozenset[str]:
        new = await self._mailbox.receive(letters, token, self._crypto.device_id)
        self._place.forget()
        return frozenset(new)


def _filter(*, first: bool) -> str:
    """What the bot acts on. Of the first sync only the state counts: what was said before is not for us."""
    nothing: dict[str, list[str]] = {"types": []}
    return json.dumps(
        {
            "presence": nothing,
            "account_data": nothing,
            "room": {
                "timeline": {"limit": 1 if first else TIMELINE_LIMIT, "types": KINDS},
                "state": {"types": STATE, "lazy_load_members": True},
                "ephemeral": nothing,
                "account_data": nothing,
            },
        }
    )


def _part(thing: object, *names: str) -> Mapping[str, Any]:
    for name in names:
        thing = thing.get(name) if isinstance(thing, Mapping) else None
    return thing if isinstance(thing, Mapping) else {}


def _rooms(rooms: Mapping[str, Any], section: str) -> list[tuple[str, Any]]:
    """The rooms of a section; one whose id is no text (JSON may hold halves of characters) is none."""
    return [(room, told) for room, told in _part(rooms, section).items() if room.isprintable()]


def _list(answer: Mapping[str, Any], section: str, name: str) -> list[Any]:
    found = _part(answer, section).get(name)
    return found if isinstance(found, list) else []


def _names(answer: Mapping[str, Any], section: str, name: str) -> list[str]:
    return [entry for entry in _list(answer, section, name) if isinstance(entry, str)]


def _now() -> float:
    return asyncio.get_running_loop().time()
