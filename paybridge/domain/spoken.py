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
    NOT_THE_SENDERS_DEVICE = "not_the_senders_device"
    DEVICE_NOT_CROSS_SIGNED = "device_not_cross_signed"
    MASTER_KEY_CHANGED = "master_key_changed"
    REPLAYED = "replayed"
    BODIES_DIFFER = "bodies_differ"


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
