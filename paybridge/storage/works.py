"""What a writer can be asked to write, as data: each engine has its own way to do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.services.ports import Letter, Step


@dataclass(frozen=True, slots=True)
class WriteStep:
    """A step, as a whole or not at all."""

    step: Step


@dataclass(frozen=True, slots=True)
class ReceiveLetters:
    """Letters and the sync token that follows them; answered by the event ids that are new.

    The token is that of the device, whose messages of its own it counts too, and also the newest of all.
    """

    letters: Sequence[Letter]
    next_batch: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class FinishLetter:
    """A letter that asked for nothing is done; done before, it stays so."""

    event: str


@dataclass(frozen=True, slots=True)
class MarkSent:
    """A post was sent as `event`; the slot that it names, if any, is filled in that room."""

    post: str
    event: str
    room: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A waiting post leaves the queue, its payload kept."""

    post: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remember:
    """A small value by its name, in place of the one before."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class BindSeen:
    """Bind `what` to the event; answered by whether it is now bound to that event."""

    what: str
    event: str


@dataclass(frozen=True, slots=True)
class KeepVaultCheck:
    """What recognises the master key, unless there is one; answered by whether it is now this one."""

    value: bytes


@dataclass(frozen=True, slots=True)
class KeepWrappedKeys:
    """Every person's data key wrapped anew, and what recognises the master key that did it."""

    keys: Mapping[str, bytes]
    check: bytes


Work: TypeAlias = (
    WriteStep
    | ReceiveLetters
    | FinishLetter
    | MarkSent
    | SetAside
    | Remember
    | BindSeen
    | KeepVaultCheck
    | KeepWrappedKeys
)

Answer: TypeAlias = "Sequence[str] | bool | None"
"""What a written work is answered by; None where it says nothing above."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A work that was refused or broke; nothing of it is written."""

    error: Exception


SYNC_TOKEN = "sync_token"  # noqa: S105 - the name under which it is remembered, and it is not a secret


def sync_token_of(device: str) -> str:
    """The name under which the sync token of one device is remembered."""
    return f"{SYNC_TOKEN}/{device}"
