"""Encrypting for a room: which devices get the room key, and the message under it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from nio import KeysClaimResponse

from paybridge.matrix.wire import NotNowError, RefusedError
from paybridge.matrix.withholding import NO_OLM, UNVERIFIED, WITHHELD, notice

if TYPE_CHECKING:
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.devices import Devices
    from paybridge.matrix.wire import Wire
    from paybridge.services.pinning import Pins
    from paybridge.services.ports import Chance

log = structlog.stdlib.get_logger(__name__)

Reader = tuple[str, str]


class RoomKeys:
    """Our own room keys.

    A key is used for as long as exactly the same devices may read; nio also renews it after a hundred
    messages or a week.
    """

    def __init__(self, wire: Wire, crypto: Crypto, devices: Devices, pins: Pins, chance: Chance) -> None:
        self._wire = wire
        self._crypto = crypto
        self._devices = devices
        self._pins = pins
        self._chance = chance
        self._readers: dict[str, frozenset[Reader]] = {}
        self._claiming = asyncio.Lock()

    async def encrypt(
        self,
        room: str,
        people: Collection[str],
        kind: str,
        content: Mapping[str, Any],
        *,
        for_frozen: bool = False,
    ) -> dict[str, Any]:
        """The content of an `m.room.encrypted` event that `people` can read. One at a time per room.

        Who shows another master key than the one that they are known by reads nothing, but for what is said
        `for_frozen`: it has a room key of its own.
        """
        olm = self._crypto.olm
        readers, others = await self._sorted(people, for_frozen=for_frozen)
        if self._readers.get(room) != readers:
            olm.outbound_group_sessions.pop(room, None)
        if olm.should_share_group_session(room):
            await self._share(room, readers, others)
            self._readers[room] = readers
        encrypted: dict[str, Any] = olm.group_encrypt(room, {"type": kind, "content": dict(content)})
        if "m.relates_to" in content:
            # Servers and clients look for it outside; we ourselves believe only the one inside.
            encrypted["m.relates_to"] = content["m.relates_to"]
        return encrypted

    async def _sorted(
        self, people: Collection[str], *, for_frozen: bool
    ) -> tuple[frozenset[Reader], frozenset[Reader]]:
        """The devices that may read, and those that may not."""
        households = await self._devices.of_all(people)
        own = (self._crypto.user_id, self._crypto.device_id)
        readers = {
            (mxid, device)
            for mxid, household in households.items()
            if (for_frozen and household.master is not None) or await self._pins.fits(mxid, household.master)
            for device in household.trusted
        }
        everyone = {(mxid, device) for mxid, household in households.items() for device in household.keys}
        return frozenset(readers - {own}), frozenset(everyone - readers - {own})

    async def _share(self, room: str, readers: frozenset[Reader], others: frozenset[Reader]) -> None:
        await self._claim(readers)
        olm = self._crypto.olm
        # nio hands the key to every device that it knows of a person, unless it is blacklisted.
        with self._crypto.at_once():
            self._shun_others(readers)
            messages = list(
                olm.share_group_session_parallel(
                    room, sorted({mxid for mxid, _ in readers}), ignore_unverified_devices=True
                )
            )
        session = olm.outbound_group_sessions[room]
        for reached, message in messages:
            await self._wire.put("sendToDevice", "m.room.encrypted", self._chance.token(), body=message)
            session.users_shared_with.update(reached)
        session.shared = True
        await self._tell_of_withholding(room, others, UNVERIFIED)
        await self._tell_of_withholding(room, readers - session.users_shared_with, NO_OLM)

    async def _tell_of_withholding(self, room: str, devices: Collection[Reader], code: str) -> None:
        """So that a client can say why it cannot read; one that is not told only says less."""
        if not devices:
            return
        session = self._crypto.olm.outbound_group_sessions[room].id
        body = notice(room, session, self._crypto.identity_keys["curve25519"], devices, code)
        try:
            await self._wire.put("sendToDevice", WITHHELD, self._chance.token(), body=body)
        except (NotNowError, RefusedError) as error:
            log.info("withholding_untold", code=code, error=type(error).__name__)

    def _shun_others(self, readers: frozenset[Reader]) -> None:
        olm = self._crypto.olm
        for mxid in {mxid for mxid, _ in readers}:
            for device in olm.device_store.active_user_devices(mxid):
                shunned = olm.is_device_blacklisted(device)
                if (mxid, device.id) in readers and shunned:
                    olm.unblacklist_device(device)
                elif (mxid, device.id) not in readers and not shunned:
                    olm.blacklist_device(device)

    async def _claim(self, readers: frozenset[Reader]) -> None:
        """Open an Olm session with each device that we have none with."""
        async with self._claiming:
            wanted: dict[str, dict[str, str]] = {}
            for mxid, device in readers:
                known = self._crypto.olm.device_store[mxid].get(device)
                if known is not None and self._crypto.olm.session_store.get(known.curve25519) is None:
                    wanted.setdefault(mxid, {})[device] = "signed_curve25519"
            if wanted:
                answer = await self._wire.post("keys", "claim", body={"one_time_keys": wanted})
                self.take_claimed(answer)

    def take_claimed(self, answer: Mapping[str, Any]) -> None:
        """Build a session from each key that was claimed; a broken one costs its own device the message."""
        claimed = answer.get("one_time_keys")
        for mxid, devices in (claimed if isinstance(claimed, Mapping) else {}).items():
            for device, keys in (devices if isinstance(devices, Mapping) else {}).items():
                try:
                    with self._crypto.at_once():
                        self._crypto.olm.handle_response(KeysClaimResponse({mxid: {device: keys}}, {}))
                except Exception as error:  # noqa: BLE001 - devices choose what they upload
                    log.warning("one_time_key_unusable", person=mxid, error=type(error).__name__)
