"""A message that may be a command, with everything that is proven about it and nothing that is not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.domain.proof import Proof


class Trouble(StrEnum):
    """Why a message that looks like a command must not be run."""

    PLAINTEXT_IN_ENCRYPTED = "plaintext_in_encrypted"
    UNREADABLE = "unreadable"
    KEY_WITHHELD = "key_withheld"
    NOT_THE_SENDERS_DEVICE = "not_the_senders_device"
    DEVICE_NOT_CROSS_SIGNED = "device_not_cross_signed"
    MASTER_KEY_CHANGED = "master_key_changed"
    NOT_THE_BRIDGES_DEVICE = "not_the_bridges_device"
    UNKNOWN_BRIDGE = "unknown_bridge"
    SHARED_SENDER = "shared_sender"
    REPLAYED = "replayed"
    BODIES_DIFFER = "bodies_differ"
    SEVERAL_LINES = "several_lines"


class GestureKind(StrEnum):
    """What somebody did to a message."""

    TAKEN_BACK = "taken_back"
    """Redacted a message of their own."""
    CROSSED_OUT = "crossed_out"
    """Reacted with a cross to a message of the bot's."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something done to the message `target` in `room`; only the homeserver says that it was `sender`."""

    event: str
    room: str
    sender: str
    kind: GestureKind
    target: str


@dataclass(frozen=True, slots=True)
class Origin:
    """The message (event id) by which somebody made a payment or request (its id)."""

    payment: str
    event: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class Pill:
    """A mention in the formatted body: whom it names, and the text that is shown for it."""

    mxid: str
    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message. `body` is the sender's own words, a reply's quote removed.

    `reply_author` is who wrote the message replied to, only where that is proven. `to_bot` says that the
    body began with a mention of the bot, which is cut off. `sent` is the origin's time, `seen` ours.
    """

    event: str
    room: str
    sender: str
    proof: Proof
    body: str
    sent: datetime
    seen: datetime
    encrypted: bool
    direct: bool
    pills: tuple[Pill, ...] = ()
    reply_author: str | None = None
    is_reply: bool = False
    to_bot: bool = False
    trouble: Trouble | None = None
