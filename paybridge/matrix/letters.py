"""What an inbox row holds: one event, readable or not yet, with what its encryption proves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from paybridge.domain.spoken import GestureKind

if TYPE_CHECKING:
    from paybridge.services.ports import Vault

INBOX_CONTEXT = "inbox|system|payload"


@dataclass(frozen=True, slots=True)
class Seal:
    """Which room key opened an event, and which of its messages the event was.

    `sender_key` (curve25519) is that of the device that sent the room key, `ed25519` the other key that it
    claimed, `device` the id that the event's envelope names. `forwarded`: the room key was handed on by
    somebody else, so that it proves nothing about the sender.
    """

    sender_key: str
    session: str
    index: int
    ed25519: str
    device: str | None
    forwarded: bool


@dataclass(frozen=True, slots=True)
class Sign:
    """What a redaction or reaction does, and to which event."""

    kind: GestureKind
    target: str


@dataclass(frozen=True, slots=True)
class Told:
    """One event. `sent` is the origin's time in milliseconds.

    `content` is None while the event, whose envelope is in `cipher`, cannot be read; `seal` is None if it
    came in plain text. `sign` is set instead if it is no message but was done to one.
    """

    sent: int
    content: Mapping[str, Any] | None = None
    seal: Seal | None = None
    cipher: Mapping[str, Any] | None = None
    sign: Sign | None = None


def seal(vault: Vault, told: Told) -> bytes:
    """The payload of an inbox row."""
    return vault.seal(vault.system, INBOX_CONTEXT, json.dumps(asdict(told)).encode())


def unseal(vault: Vault, payload: bytes) -> Told:
    """What `seal` was given."""
    kept = json.loads(vault.open(vault.system, INBOX_CONTEXT, payload))
    sign = kept.get("sign")
    return Told(
        sent=kept["sent"],
        content=kept["content"],
        seal=None if kept["seal"] is None else Seal(**kept["seal"]),
        cipher=kept["cipher"],
        sign=None if sign is None else Sign(GestureKind(sign["kind"]), sign["target"]),
    )
