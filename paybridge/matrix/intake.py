"""From a room's news in a sync to letters: only what may be meant for the bot is written down."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from paybridge.matrix import gestures, letters, reading
from paybridge.matrix.crypto import ENCRYPTED, UnfitError, session_of
from paybridge.matrix.overhearing import Heard, Overhear, Overhears, nobody, nobody_else
from paybridge.matrix.policy import RULES
from paybridge.matrix.wire import RefusedError
from paybridge.services.ports import Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.reading import Me
    from paybridge.services.ports import Clock, Vault

MESSAGE = "m.room.message"
PAGE = 500
MOST_PAGES = 40
LONGEST_ID = 255
CIPHER = ("algorithm", "sender_key", "session_id", "device_id", "ciphertext")

log = structlog.stdlib.get_logger(__name__)


class Asks(Protocol):
    """Whoever can ask the homeserver."""

    async def get(self, *path: str, query: Mapping[str, str]) -> dict[str, Any]: ...


class HearsNews(Protocol):
    """Whoever must know when a room is no longer what it was."""

    def changed(self, room: str, /) -> None: ...
    def rules_changed(self, room: str, /) -> None: ...
    async def now_encrypted(self, room: str) -> None: ...


class Intake:
    """Reads each room's new events, fetches those that the server left out, and keeps the candidates."""

    def __init__(
        self,
        *,
        wire: Asks,
        crypto: Crypto,
        rooms: HearsNews,
        vault: Vault,
        clock: Clock,
        me: Me,
        overhears: Overhears = nobody,
    ) -> None:
        self._wire = wire
        self._crypto = crypto
        self._rooms = rooms
        self._vault = vault
        self._clock = clock
        self.me = me
        self._overhears = overhears
        self.dropped = 0

    async def room(self, room: str, told: object, since: str | None) -> list[Letter]:
        """The letters in one room's part of a sync answer."""
        timeline = _part(told, "timeline")
        events = _events(timeline)
        limited = timeline.get("limited") is True
        if limited:
            # Members may have come and gone in what was left out.
            self._rooms.changed(room)
        await self._note_state(room, [*_events(_part(told, "state")), *events])
        if since is None:
            return []
        if limited and not any(self._is_our_arrival(event) for event in events):
            earlier = await self._fetch_gap(room, timeline.get("prev_batch"), since)
            return [*earlier, *self._letters(room, events)]
        return self._letters(room, events)

    def _letters(self, room: str, events: list[Mapping[str, Any]]) -> list[Letter]:
        """Of events in their order, those that may be commands."""
        said = [self._letter(room, event) for event in self._since_our_arrival(events)]
        return [letter for letter in said if letter is not None]

    async def _note_state(self, room: str, events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            if "state_key" not in event:
                continue
            if event.get("type") == "m.room.member":
                self._rooms.changed(room)
            elif event.get("type") == "m.room.encryption":
                await self._rooms.now_encrypted(room)
            elif event.get("type") in RULES:
                self._rooms.rules_changed(room)

    async def _fetch_gap(self, room: str, before: object, since: str) -> list[Letter]:
        """What was said between our last sync and the part that this one shows, oldest first.

        Page by page: of thousands of messages only the letters are kept.
        """
        pages: list[list[Letter]] = []
        for _ in range(MOST_PAGES):
            if not isinstance(before, str):
                break
            query = {"dir": "b", "from": before, "to": since, "limit": str(PAGE)}
            try:
                answer = await self._wire.get("rooms", room, "messages", query=query)
            except RefusedError as error:
                log.warning("gap_lost", room=room, code=error.code)
                break
            page = _events({"events": answer.get("chunk")})[::-1]
            await self._note_state(room, page)
            pages.append(self._letters(room, page))
            if not page or any(self._is_our_arrival(event) for event in page):
                break
            before = answer.get("end")
        else:
            log.warning("gap_too_long", room=room, pages=MOST_PAGES)
        return [letter for page in reversed(pages) for letter in page]

    def _since_our_arrival(self, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        arrivals = [place for place, event in enumerate(events) if self._is_our_arrival(event)]
        return events[arrivals[-1] + 1 :] if arrivals else events

    def _is_our_arrival(self, event: Mapping[str, Any]) -> bool:
        if event.get("type") != "m.room.member" or event.get("state_key") != self.me.mxid:
            return False
        before = _part(event.get("unsigned"), "prev_content").get("membership")
        return _part(event, "content").get("membership") == "join" and before != "join"

    def _letter(self, room: str, event: Mapping[str, Any]) -> Letter | None:
        """The letter that an event is, or None if it cannot be a command of somebody else's."""
        event_id, sender, content = event.get("event_id"), event.get("sender"), event.get("content")
        sent = event.get("origin_server_ts")
        if not _is_id(event_id) or not _is_id(sender) or not isinstance(content, Mapping):
            return None
        if sender == self.me.mxid or "state_key" in event or not isinstance(sent, int):
            return None
        overhear = partial(self._overhears, Heard(room, str(event_id), str(sender), sent))
        try:
            sign = gestures.read(event)
            kind = str(event.get("type"))
            told = letters.Told(sent, sign=sign) if sign else self._told(room, kind, content, sent, overhear)
        except Exception as error:  # noqa: BLE001 - one stranger's event must not cost the others theirs
            self.dropped += 1
            log.warning("event_dropped", room=room, error=type(error).__name__, dropped=self.dropped)
            return None
        if told is None:
            return None
        return Letter(
            event=str(event_id),
            room=room,
            sender=str(sender),
            received=self._clock.now(),
            payload=letters.seal(self._vault, told),
        )

    def _told(
        self, room: str, kind: str, content: Mapping[str, Any], sent: int, overhear: Overhear
    ) -> letters.Told | None:
        if kind != ENCRYPTED and overhear(kind, content, None):
            return None
        if kind == MESSAGE:
            words = reading.read(content, self.me)
            return letters.Told(sent, reading.kept(content, words)) if words is not None else None
        if kind != ENCRYPTED or session_of(content) is None:
            return None
        return read_cipher(self._crypto, self.me, room, content, sent, overhear)


def read_cipher(
    crypto: Crypto,
    me: Me,
    room: str,
    cipher: Mapping[str, Any],
    sent: int,
    overhear: Overhear = nobody_else,
) -> letters.Told | None:
    """An encrypted event as far as it can be read: unread, a candidate, or None if it is no command."""
    try:
        opened = crypto.open(room, cipher)
    except UnfitError:
        log.warning("unfit_event", room=room)
        return None
    if opened is None:
        # Only what decrypting needs: the rest is a stranger's, of any size and depth.
        return letters.Told(
            sent, cipher={name: cipher.get(name) for name in CIPHER if _is_text(cipher, name)}
        )
    if overhear(opened.type, opened.content, opened.seal):
        return None
    words = reading.read(opened.content, me) if opened.type == MESSAGE else None
    if words is None:
        return None
    return letters.Told(sent, reading.kept(opened.content, words), opened.seal)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()


def _is_text(cipher: Mapping[str, Any], name: str) -> bool:
    return isinstance(cipher.get(name), str)


def _events(section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = section.get("events")
    return [event for event in found if isinstance(event, Mapping)] if isinstance(found, list) else []


def _part(thing: object, name: str) -> Mapping[str, Any]:
    found = thing.get(name) if isinstance(thing, Mapping) else None
    return found if isinstance(found, Mapping) else {}
