"""The bot's Olm machine: nio's, with the store that it needs and the checks that it lacks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from nio.crypto import Olm
from nio.events import RoomKeyEvent, ToDeviceEvent
from nio.store import SqliteStore

from paybridge.matrix.letters import Seal

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.matrix.account import Account

MEGOLM = "m.megolm.v1.aes-sha2"
ENCRYPTED = "m.room.encrypted"
LONGEST_SESSION_ID = 100

log = structlog.stdlib.get_logger(__name__)


class UnfitError(Exception):
    """What was decrypted is not a message that its sender can have meant for this room."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A decrypted event: its type and content as they stood inside, and what proves them."""

    type: str
    content: Mapping[str, Any]
    seal: Seal


class Crypto:
    """One device's account, its Olm sessions, and the room keys that it was given."""

    def __init__(self, account: Account, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.user_id = account.user_id
        self.device_id = account.device_id
        file = store_file(directory, account)
        # Made before nio makes it, so that at no time anyone else can read it.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self._store = SqliteStore(
            account.user_id, account.device_id, str(directory), account.pickle_key, file.name
        )
        self._store.database.execute_sql("PRAGMA journal_mode = WAL")
        self._store.database.execute_sql("PRAGMA synchronous = FULL")
        self.olm = Olm(account.user_id, account.device_id, self._store)
        self.dropped = 0

    @property
    def identity_keys(self) -> Mapping[str, str]:
        """The device's own public keys, `curve25519` and `ed25519`."""
        keys = self.olm.account.identity_keys
        return {"curve25519": keys["curve25519"], "ed25519": keys["ed25519"]}

    def close(self) -> None:
        self._store.database.close()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is stored inside is stored in one transaction: a ratchet never without its room key."""
        with self._store.database.atomic():
            yield

    def take(self, events: Iterable[object]) -> set[tuple[str, str]]:
        """Read the messages that came to the device; returns the (room, session) of each new room key.

        Anyone may send anything to a device. What cannot be read is dropped and counted, and never more than
        counted: neither it nor the error, which may quote it, is logged.
        """
        came: set[tuple[str, str]] = set()
        events = list(events)
        if not events:
            return came
        with self.at_once():
            for event in events:
                try:
                    key = self._take(event)
                except Exception as error:  # noqa: BLE001 - a stranger's bytes may raise anything in nio
                    self.dropped += 1
                    log.warning("to_device_dropped", error=type(error).__name__, dropped=self.dropped)
                    continue
                if key is not None:
                    came.add(key)
        return came

    def _take(self, event: object) -> tuple[str, str] | None:
        # Only Olm messages: key requests are not answered and verifications are held elsewhere.
        if not isinstance(event, dict) or event.get("type") != ENCRYPTED:
            return None
        parsed = ToDeviceEvent.parse_event(event)
        if parsed is None:
            return None
        key = self.olm.handle_to_device_event(parsed)
        return (str(key.room_id), str(key.session_id)) if isinstance(key, RoomKeyEvent) else None

    def open(self, room: str, content: Mapping[str, Any]) -> Opened | None:
        """Decrypt the content of an `m.room.encrypted` event; None if its room key is not here (yet).

        nio's own way would take the relation from the unencrypted envelope and hide which message of the
        session this is, so that neither a reply nor a replay could be told from a forged one.
        """
        session = self._session(room, content)
        ciphertext = content.get("ciphertext")
        if session is None or not isinstance(ciphertext, str):
            return None
        try:
            plain, index = session.decrypt(ciphertext)
        except ValueError:  # what vodozemac's errors are, and broken UTF-8 too
            return None
        inside = _payload(plain, room)
        device = content.get("device_id")
        return Opened(
            type=inside["type"],
            content=inside["content"],
            seal=Seal(
                sender_key=session.sender_key,
                session=session.id,
                index=index,
                ed25519=session.ed25519,
                device=device if isinstance(device, str) else None,
                forwarded=bool(session.forwarding_chain),
            ),
        )

    def _session(self, room: str, content: Mapping[str, Any]) -> Any | None:  # noqa: ANN401 - nio's session
        """The room key that an event names. Its `sender_key` is deprecated and may be missing (MSC3700)."""
        wanted, claimed = content.get("session_id"), content.get("sender_key")
        if content.get("algorithm") != MEGOLM or not isinstance(wanted, str):
            return None
        for sender_key, sessions in self.olm.inbound_group_store[room].items():
            if wanted in sessions and (claimed is None or claimed == sender_key):
                return sessions[wanted]
        return None


def store_file(directory: Path, account: Account) -> Path:
    """Where the device's keys lie."""
    return directory / f"{account.device_id}.db"


def session_of(cipher: Mapping[str, Any]) -> str | None:
    """The session that an encrypted content names, if it is one of the kind that rooms use."""
    session = cipher.get("session_id")
    if cipher.get("algorithm") != MEGOLM or not isinstance(session, str):
        return None
    # Base64 of a key. A longer one is no session, and would be kept as long as it is.
    return session if session.isascii() and len(session) <= LONGEST_SESSION_ID else None


def _payload(plain: str, room: str) -> dict[str, Any]:
    try:
        inside = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise UnfitError from error
    if not isinstance(inside, dict) or "state_key" in inside or inside.get("room_id") != room:
        raise UnfitError
    if not isinstance(inside.get("type"), str) or not isinstance(inside.get("content"), dict):
        raise UnfitError
    return inside
