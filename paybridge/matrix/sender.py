"""Who really sent an event: not what the homeserver says, but what the encryption proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from paybridge.domain.proof import HomeserverOnly, OwnDevice, Proof, Trust
from paybridge.domain.spoken import Trouble

if TYPE_CHECKING:
    from paybridge.matrix.devices import Household
    from paybridge.matrix.letters import Seal
    from paybridge.services.pinning import Pins
    from paybridge.services.ports import Mailbox

VERIFIED = "verified:"


@dataclass(frozen=True, slots=True)
class Proven:
    """The proof of a sender, and what speaks against the event in spite of it."""

    proof: Proof
    trouble: Trouble | None = None


class KnowsDevices(Protocol):
    """Whoever can be asked for a person's devices."""

    async def of(self, mxid: str) -> Household: ...


class Senders:
    """Binds events to devices, devices to people, and people to the master key that they had at first."""

    def __init__(self, devices: KnowsDevices, mailbox: Mailbox, pins: Pins) -> None:
        self._devices = devices
        self._mailbox = mailbox
        self._pins = pins

    async def prove(self, event: str, sender: str, seal: Seal) -> Proven:
        """The proof of a decrypted event. A message of a room key counts for the first event it came in."""
        household = await self._devices.of(sender)
        device = owner_device(household, seal)
        if device is None:
            return Proven(HomeserverOnly(), Trouble.NOT_THE_SENDERS_DEVICE)
        trust, trouble = await self._trust(sender, household, device)
        if not await self._mailbox.first_seen(f"{seal.sender_key}|{seal.session}|{seal.index}", event):
            trouble = Trouble.REPLAYED
        return Proven(OwnDevice(trust, device), trouble)

    async def prove_unsealed(self, sender: str, *, encrypted_room: bool) -> Proven:
        """The proof of an event in plain text. Who is frozen is frozen in rooms without encryption too."""
        trouble = None
        if encrypted_room:
            trouble = Trouble.PLAINTEXT_IN_ENCRYPTED
        elif await self._pins.frozen(sender):
            trouble = Trouble.MASTER_KEY_CHANGED
        return Proven(HomeserverOnly(), trouble)

    async def owns(self, sender: str, seal: Seal) -> bool:
        """Whether the event was encrypted by a device of this very sender."""
        return owner_device(await self._devices.of(sender), seal) is not None

    async def _trust(self, sender: str, household: Household, device: str) -> tuple[Trust, Trouble | None]:
        signed = household.master is not None and device in household.signed
        if await self._pins.meet(sender, household.master, vouched=signed):
            trust = Trust.CROSS_SIGNED_UNTRUSTED if signed else Trust.UNVERIFIED
            return trust, Trouble.MASTER_KEY_CHANGED
        if not signed:
            return Trust.UNVERIFIED, None
        if await self._mailbox.recall(VERIFIED + sender) == household.master:
            return Trust.CROSS_SIGNED_VERIFIED, None
        return Trust.CROSS_SIGNED_TOFU, None


def owner_device(household: Household, seal: Seal) -> str | None:
    """The device of the household that encrypted the event, if one did and the envelope names no other.

    A room key that was handed on proves nothing: whoever handed it on could have written the event.
    """
    if seal.forwarded:
        return None
    device = household.device(seal.sender_key, seal.ed25519)
    return device if seal.device in {None, device} else None
