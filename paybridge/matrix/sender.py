"""Who really sent an event: not what the homeserver says, but what the encryption proves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from paybridge.domain.bridges import Bridge, Bridges, Tier
from paybridge.domain.proof import HomeserverOnly, OwnDevice, Proof, Trust, ViaBridgeBot
from paybridge.domain.spoken import Trouble
from paybridge.matrix.marks import UNMARKED, Marks

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

    def __init__(self, devices: KnowsDevices, mailbox: Mailbox, pins: Pins, bridges: Bridges) -> None:
        self._devices = devices
        self._mailbox = mailbox
        self._pins = pins
        self._bridges = bridges

    async def prove(self, event: str, sender: str, seal: Seal, marks: Marks = UNMARKED) -> Proven:
        """The proof of a decrypted event. A message of a room key counts for the first event it came in."""
        proven = await self._prove(sender, seal, marks)
        if isinstance(proven.proof, HomeserverOnly):
            return proven
        if not await self._mailbox.first_seen(f"{seal.sender_key}|{seal.session}|{seal.index}", event):
            return Proven(proven.proof, Trouble.REPLAYED)
        return proven

    async def _prove(self, sender: str, seal: Seal, marks: Marks) -> Proven:
        trouble = marked_trouble(self._bridges, sender, marks)
        if trouble is not None:
            return Proven(HomeserverOnly(), trouble)
        bridge = bridge_behind(self._bridges, sender, marks)
        if bridge is not None:
            return await self._vouched(bridge, sender, seal)
        household = await self._devices.of(sender)
        device = owner_device(household, seal)
        if device is None:
            return Proven(HomeserverOnly(), Trouble.NOT_THE_SENDERS_DEVICE)
        trust, trouble = await self._trust(sender, household, device)
        return Proven(OwnDevice(trust, device), trouble)

    async def prove_unsealed(self, sender: str, marks: Marks = UNMARKED, *, encrypted_room: bool) -> Proven:
        """The proof of an event in plain text. Who is frozen is frozen in rooms without encryption too."""
        if encrypted_room:
            return Proven(HomeserverOnly(), Trouble.PLAINTEXT_IN_ENCRYPTED)
        trouble = marked_trouble(self._bridges, sender, marks)
        if trouble is None and await self._pins.frozen(sender):
            trouble = Trouble.MASTER_KEY_CHANGED
        bridge = bridge_behind(self._bridges, sender, marks)
        if bridge is None or trouble is not None:
            return Proven(HomeserverOnly(), trouble)
        # Nobody but the bridge can send under this id: the homeserver reserves it (docs/threats.md).
        return Proven(_via(bridge, sender))

    async def _vouched(self, bridge: Bridge, sender: str, seal: Seal) -> Proven:
        """What a bridge encrypted for its ghost: by a device that its bot's first identity has signed."""
        household = await self._devices.of(bridge.bot)
        device = owner_device(household, seal)
        if device is None:
            return Proven(HomeserverOnly(), Trouble.NOT_THE_BRIDGES_DEVICE)
        trust, trouble = await self._trust(bridge.bot, household, device)
        if trouble is not None or trust < Trust.CROSS_SIGNED_TOFU:
            return Proven(HomeserverOnly(), Trouble.NOT_THE_BRIDGES_DEVICE)
        if await self._pins.frozen(sender):
            return Proven(HomeserverOnly(), Trouble.MASTER_KEY_CHANGED)
        return Proven(_via(bridge, sender))

    async def owns(self, sender: str, seal: Seal) -> bool:
        """Whether the event was encrypted by a device of this very sender, or of its bridge's bot."""
        bridge = self._bridges.of(sender)
        return owner_device(await self._devices.of(bridge.bot if bridge else sender), seal) is not None

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


def marked_trouble(bridges: Bridges, sender: str, marks: Marks) -> Trouble | None:
    """What speaks against a message by the marks that it bears."""
    bridge = bridges.of(sender)
    if marks.webhook:
        return Trouble.SHARED_SENDER
    if marks.profile is not None and not (bridge and bridge.gives_name(sender, marks.profile)):
        return Trouble.SHARED_SENDER
    if bridge is None and marks.puppet is not None:
        marking = bridges.marking(marks.puppet)
        if marking is None or marking.tier is Tier.DENIED:
            return Trouble.UNKNOWN_BRIDGE
    return None


def bridge_behind(bridges: Bridges, sender: str, marks: Marks) -> Bridge | None:
    """The bridge through which the message came, if through any."""
    bridge = bridges.of(sender)
    if bridge is None and marks.puppet is not None:
        return bridges.marking(marks.puppet)
    return bridge


def _via(bridge: Bridge, sender: str) -> ViaBridgeBot:
    return ViaBridgeBot(bridge.id, puppet=not bridge.has_ghost(sender))


def owner_device(household: Household, seal: Seal) -> str | None:
    """The device of the household that encrypted the event, if one did and the envelope names no other.

    A room key that was handed on proves nothing: whoever handed it on could have written the event.
    """
    if seal.forwarded:
        return None
    device = household.device(seal.sender_key, seal.ed25519)
    return device if seal.device in {None, device} else None
