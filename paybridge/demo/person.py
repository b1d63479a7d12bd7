"""A person in a Matrix chat: a whole client with encryption and cross-signing that says and sees things."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from typing import TYPE_CHECKING, Any, Self

from nio import (
    JoinError,
    MegolmEvent,
    RoomCreateError,
    RoomKeyEvent,
    RoomMessagesError,
    RoomSendError,
    SyncError,
)
from nio.api import MessageDirection, RoomPreset
from nio.crypto.attachments import decrypt_attachment

from paybridge.demo import words
from paybridge.demo.device import API, Device, PersonError
from paybridge.demo.timeline import Event, Seen
from paybridge.demo.watch import PATIENCE_SECONDS, NothingSeenError, Watch
from paybridge.matrix.crosssigning import Seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nio import RoomInfo, SyncResponse

__all__ = ["NothingSeenError", "Person", "PersonError", "Seen"]

SYNC_MILLISECONDS = 30_000
FULL_TIMELINE = 100
FILTER = {
    "presence": {"types": []},
    "room": {"timeline": {"limit": FULL_TIMELINE}, "ephemeral": {"types": []}},
}
ENCRYPTION = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
PAUSE_AFTER_AN_ERROR_SECONDS = 0.25

log = logging.getLogger(__name__)


class Person:
    """One person with one device; `arrive` logs in, `leave` ends it."""

    def __init__(self, device: Device, *, auto_join: bool) -> None:
        self.client = device.client
        self.user_id = device.user_id
        self.seeds: Seeds | None = None
        self._device = device
        self._watch = Watch(self.user_id)
        self._unread: dict[str, MegolmEvent] = {}
        self._direct: dict[str, str] = {}
        self._seen_whole: set[str] = set()
        self._auto_join = auto_join
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def arrive(  # noqa: PLR0913 - who, where, and how careful
        cls,
        homeserver_url: str,
        user_id: str,
        password: str,
        store_dir: Path,
        display_name: str | None = None,
        *,
        cross_signed: bool = True,
        signed_devices_only: bool = False,
        auto_join: bool = True,
        seeds: Seeds | None = None,
    ) -> Self:
        """Log in on a new device, make its keys known, and see every room.

        A person's later devices are given the `seeds` of the first; without them their identity is reset, as
        if they had lost all their devices. Nobody vouches for the device of a `cross_signed=False` person.
        """
        await asyncio.to_thread(store_dir.mkdir, parents=True, exist_ok=True)
        device = Device(homeserver_url, user_id, store_dir, signed_devices_only=signed_devices_only)
        person = cls(device, auto_join=auto_join)
        try:
            await device.log_in(password, display_name)
            if cross_signed:
                person.seeds = seeds or Seeds.new(secrets.token_bytes)
                await device.publish(person.seeds, password)
            await person._take(await person.client.sync(full_state=True, sync_filter=FILTER))
        except BaseException:
            await person.leave()
            raise
        person.look_back()
        return person

    async def look_away(self) -> None:
        """Go offline: nothing is seen until `look_back`."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    def look_back(self) -> None:
        """Come online, and see what was said meanwhile."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name=f"{self.user_id} listens")

    async def leave(self) -> None:
        """Close the client; the account, its device and its rooms stay."""
        await self.look_away()
        await self._device.close()

    @property
    def device_id(self) -> str:
        return self._device.device_id

    async def create_room(self, name: str, invite: Sequence[str] = (), *, encrypted: bool = True) -> str:
        return await self._create(name=name, invite=invite, encrypted=encrypted)

    async def direct_room_with(self, user_id: str) -> str:
        """Open the encrypted direct chat with someone, a new one only if there is none yet."""
        if user_id not in self._direct:
            self._direct[user_id] = await self._create(
                is_direct=True, preset=RoomPreset.trusted_private_chat, invite=[user_id]
            )
            rooms = {user: [room_id] for user, room_id in self._direct.items()}
            await self._device.call("PUT", f"/user/{self.user_id}/account_data/m.direct", rooms)
        return self._direct[user_id]

    async def join(self, room_id: str) -> None:
        joined = await self.client.join(room_id)
        if isinstance(joined, JoinError):
            raise PersonError(str(joined))
        await self._see(room_id)

    async def invite(self, room_id: str, user_id: str) -> None:
        await self._device.call("POST", f"/rooms/{room_id}/invite", {"user_id": user_id})

    async def say(
        self, room_id: str, text: str, *, reply_to: str | None = None, mention: str | None = None
    ) -> str:
        """Send a text and return its event id; `mention` makes a pill, where the id stands or in front."""
        return await self.send_content(room_id, await self._words(room_id, text, reply_to, mention))

    async def say_plain(
        self, room_id: str, text: str, *, reply_to: str | None = None, mention: str | None = None
    ) -> str:
        """Send a text without encryption, whatever the room asks for."""
        content = await self._words(room_id, text, reply_to, mention)
        path = f"/rooms/{room_id}/send/m.room.message/{secrets.token_hex(8)}"
        return str((await self._device.call("PUT", path, content))["event_id"])

    async def edit(self, room_id: str, event_id: str, text: str) -> str:
        return await self.send_content(room_id, words.edit_of(event_id, words.plain(text)))

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send_content(room_id, {"m.relates_to": relation}, event_type="m.reaction")

    async def redact(self, room_id: str, event_id: str) -> None:
        await self._device.call("PUT", f"/rooms/{room_id}/redact/{event_id}/{secrets.token_hex(8)}", {})

    async def send_content(
        self, room_id: str, content: dict[str, Any], *, event_type: str = "m.room.message"
    ) -> str:
        """Send a content as it is, encrypted if the room is, and return its event id."""
        await self._see(room_id)
        await self._device.prepare_keys(room_id)
        sent = await self.client.room_send(room_id, event_type, content, ignore_unverified_devices=True)
        if isinstance(sent, RoomSendError):
            raise PersonError(str(sent))
        return str(sent.event_id)

    async def download(self, seen: Seen) -> bytes:
        """The file of an encrypted message, as a client opens it."""
        file = seen.content["file"]
        server, media = str(file["url"]).removeprefix("mxc://").split("/")
        session = self._device.http
        async with session.get(f"/_matrix/client/v1/media/download/{server}/{media}") as answer:
            answer.raise_for_status()
            sealed = await answer.read()
        return bytes(decrypt_attachment(sealed, file["key"]["k"], file["hashes"]["sha256"], file["iv"]))

    def timeline(self, room_id: str) -> list[Seen]:
        """The messages of a room as they look now."""
        return self._watch.timeline(room_id)

    def raw(self, room_id: str) -> list[Event]:
        """Every event of a room in the order in which it came, decrypted where that was possible."""
        return self._watch.raw(room_id)

    async def wait_for(
        self,
        room_id: str | None,
        predicate: Callable[[Seen], bool],
        timeout: float = PATIENCE_SECONDS,  # noqa: ASYNC109 - its error shows the last messages
        *,
        after: str | None = None,
    ) -> Seen:
        """Return the first message that fits, of those there or still to come, or raise `NothingSeenError`.

        With `after`, an event id, only messages below that one count.
        """
        return await self._watch.wait_for(room_id, predicate, after=after, patience=timeout)

    async def wait_until(
        self,
        reached: Callable[[], bool],
        timeout: float = PATIENCE_SECONDS,  # noqa: ASYNC109 - as above
    ) -> None:
        """Wait for anything else, asking after every sync."""
        await self._watch.until(reached, what="something to happen", patience=timeout)

    async def wait_for_member(self, room_id: str, user_id: str) -> None:
        """Wait until someone has joined."""

        def joined() -> bool:
            room = self.client.rooms.get(room_id)
            return room is not None and user_id in room.users and user_id not in room.invited_users

        await self._watch.until(joined, what=f"{user_id} to join {room_id}", patience=PATIENCE_SECONDS)

    async def _create(self, *, invite: Sequence[str], encrypted: bool = True, **options: Any) -> str:  # noqa: ANN401 - nio's own options
        made = await self.client.room_create(
            invite=invite, initial_state=[ENCRYPTION] if encrypted else [], **options
        )
        if isinstance(made, RoomCreateError):
            raise PersonError(str(made))
        room_id = str(made.room_id)
        await self._see(room_id)

        def everyone_is_there() -> bool:
            return set(invite) <= set(self.client.rooms[room_id].users)

        await self._watch.until(everyone_is_there, what="the invitations", patience=PATIENCE_SECONDS)
        return room_id

    async def _see(self, room_id: str) -> None:
        """Wait until the room has come down the sync, which may bring a new one in parts.

        Without that it would look unencrypted, or empty of those who are to read.
        """
        if room_id in self._seen_whole:
            return
        async with self._device.http.get(f"{API}/rooms/{room_id}/state/m.room.encryption") as answer:
            encrypted = answer.ok

        def whole() -> bool:
            room = self.client.rooms.get(room_id)
            return room is not None and (room.encrypted or not encrypted)

        await self._watch.until(whole, what=f"room {room_id}", patience=PATIENCE_SECONDS)
        self._seen_whole.add(room_id)

    async def _words(
        self, room_id: str, text: str, reply_to: str | None, mention: str | None
    ) -> dict[str, Any]:
        content = words.plain(text)
        if mention is not None:
            content = words.with_pill(text, mention, await self._name_of(mention))
        if reply_to is not None:
            content = words.in_reply_to(content, reply_to, self._watch.room(room_id).sender_of(reply_to))
        return content

    async def _name_of(self, user_id: str) -> str:
        return str((await self._device.call("GET", f"/profile/{user_id}")).get("displayname") or user_id)

    async def _listen(self) -> None:
        while True:
            try:
                await self._take(await self.client.sync(timeout=SYNC_MILLISECONDS, sync_filter=FILTER))
            except Exception:
                # A person whose connection breaks, or whose homeserver talks nonsense, looks again.
                log.exception("%s lost a sync", self.user_id)
                await asyncio.sleep(PAUSE_AFTER_AN_ERROR_SECONDS)

    async def _take(self, synced: SyncResponse | SyncError) -> None:
        if isinstance(synced, SyncError):
            raise PersonError(str(synced))
        for room_id, room in synced.rooms.join.items():
            await self._take_room(room_id, room)
        if any(isinstance(event, RoomKeyEvent) for event in synced.to_device_events):
            self._read_again()
        await self._watch.ring()
        await self._device.tend_keys()
        if self._auto_join:
            for room_id in synced.rooms.invite:
                await self.client.join(room_id)

    async def _take_room(self, room_id: str, room: RoomInfo) -> None:
        timeline = self._watch.room(room_id)
        if room.timeline.limited and room.timeline.prev_batch and timeline.raw:
            await self._catch_up(room_id, room.timeline.prev_batch)
        for event in room.timeline.events:
            self._take_event(room_id, event)

    async def _catch_up(self, room_id: str, start: str) -> None:
        """Read what a sync left out, from its start back to what we know."""
        missed: list[Any] = []
        timeline = self._watch.room(room_id)
        while True:
            page = await self.client.room_messages(
                room_id, start, limit=FULL_TIMELINE, direction=MessageDirection.back
            )
            if isinstance(page, RoomMessagesError):
                raise PersonError(str(page))
            new = [event for event in page.chunk if not timeline.knows(event.event_id)]
            missed.extend(new)
            if len(new) < len(page.chunk) or not page.chunk or not page.end:
                break
            start = page.end
        for event in reversed(missed):
            self._take_event(room_id, event)

    def _take_event(self, room_id: str, event: Any) -> None:  # noqa: ANN401 - nio's events have no common base
        unread = isinstance(event, MegolmEvent)
        if unread:
            event.room_id = room_id
            self._unread[event.event_id] = event
        encrypted = bool(getattr(event, "decrypted", False))
        failure = "no key for it" if unread else None
        self._watch.room(room_id).add(event.source, encrypted=encrypted or unread, failure=failure)

    def _read_again(self) -> None:
        for event_id, event in list(self._unread.items()):
            decrypted = self._device.olm.decrypt_event(event)
            if decrypted is not None:
                del self._unread[event_id]
                self._watch.room(event.room_id).add(decrypted.source, encrypted=True)
