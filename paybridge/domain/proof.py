"""How sure we are of who spoke: the proof of a sender, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from paybridge.domain.errors import UserError


class Trust(IntEnum):
    """How far a sender's device is trusted, by the names that Matrix bridges use; higher is better."""

    UNVERIFIED = 0
    CROSS_SIGNED_UNTRUSTED = 1
    CROSS_SIGNED_TOFU = 2
    CROSS_SIGNED_VERIFIED = 3

    @property
    def label(self) -> str:
        """The name as it stands in the config, `cross-signed-tofu`."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def named(cls, label: str) -> Trust:
        """The level with this config name, or ValueError."""
        for level in cls:
            if level.label == label:
                return level
        raise ValueError(label)


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """The event was decrypted with a room key of a device of that very sender."""

    trust: Trust
    device: str


@dataclass(frozen=True, slots=True)
class ViaBridgeBot:
    """The event is a ghost's, and its configured bridge (its id) vouches for it.

    `puppet`: it came under somebody's own Matrix id, sent by the bridge for what they typed there.
    """

    bridge: str
    puppet: bool = False


@dataclass(frozen=True, slots=True)
class HomeserverOnly:
    """Only the homeserver says who sent it: an unencrypted room."""


Proof = OwnDevice | ViaBridgeBot | HomeserverOnly


class DeviceNotProvenError(UserError):
    """The message does not prove that the person themselves sent it."""

    key = "error.device_not_proven"


class OpenRoomError(DeviceNotProvenError):
    """In a room without encryption, only the homeserver says who typed it."""

    key = "error.open_room"

    def __init__(self, *, code: str) -> None:
        super().__init__()
        self._code = code

    def lines(self) -> tuple[str, ...]:
        return (f"!confirm {self._code}",)


def may_move_money(proof: Proof, required: Trust) -> bool:
    """Whether this proof is enough to approve a payment."""
    return isinstance(proof, OwnDevice) and proof.trust >= required
