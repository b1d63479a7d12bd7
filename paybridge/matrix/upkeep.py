"""Keeping the device reachable: its keys uploaded, never out of one-time keys, broken sessions renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from nio import KeysUploadResponse, ToDeviceResponse

from paybridge.matrix.backoff import Backoff
from paybridge.matrix.wire import NotNowError, RefusedError

if TYPE_CHECKING:
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.sharing import RoomKeys
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Chance

SIGNED = "signed_curve25519"

log = structlog.stdlib.get_logger(__name__)


class KeysRefusedError(Exception):
    """The homeserver does not take the device's keys: nobody could send it anything that it can read."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the homeserver refuses the keys of the bot's device ({why}): its crypto store is not the one "
            "that the device began with; start with a new device"
        )


class Upkeep:
    """Watches the server's count of our keys, and works when it changed."""

    def __init__(self, wire: Wire, crypto: Crypto, room_keys: RoomKeys, chance: Chance) -> None:
        self._wire = wire
        self._crypto = crypto
        self._room_keys = room_keys
        self._chance = chance
        self._bell = asyncio.Event()
        self._fallback_used = not crypto.olm.account.shared

    def counted(self, counts: object, unused_fallbacks: object) -> None:
        """Take note of what a sync says is left. No number at all is the number zero."""
        if isinstance(counts, Mapping):
            left = counts.get(SIGNED, 0)
            self._crypto.olm.uploaded_key_count = left if isinstance(left, int) else 0
        if isinstance(unused_fallbacks, list):
            self._fallback_used = SIGNED not in unused_fallbacks
        if self._is_needed():
            self._bell.set()

    async def run(self) -> None:
        backoff = Backoff(self._chance)
        while True:
            await self._bell.wait()
            self._bell.clear()
            try:
                await self.tend()
            except NotNowError as error:
                self._bell.set()
                await asyncio.sleep(backoff.seconds(error.after))
                continue
            backoff.reset()

    async def tend(self) -> None:
        """Upload what is missing on the server, and mend the sessions that broke; nothing if all is well."""
        if not self._crypto.olm.account.shared or self._is_short_of_keys():
            await self._upload()
        if self._crypto.olm.wedged_devices:
            await self._mend()

    def _is_needed(self) -> bool:
        return self._is_short_of_keys() or bool(self._crypto.olm.wedged_devices)

    def _is_short_of_keys(self) -> bool:
        return self._crypto.olm.should_upload_keys or self._fallback_used

    async def _upload(self) -> None:
        olm = self._crypto.olm
        body: dict[str, Any] = olm.share_keys() if olm.should_upload_keys else {}
        if self._fallback_used:
            body["fallback_keys"] = self._new_fallback()
        # Saved before anyone can see the public halves: a kill in between must not lose the private ones.
        olm.save_account()
        try:
            answer = await self._wire.post("keys", "upload", body=body)
        except RefusedError as error:
            raise KeysRefusedError(error.code) from error
        counts = answer.get("one_time_key_counts")
        left = counts.get(SIGNED, 0) if isinstance(counts, Mapping) else 0
        olm.handle_response(KeysUploadResponse(0, left))
        self._fallback_used = False

    def _new_fallback(self) -> dict[str, Any]:
        """The key that is handed out when all others are gone: no stranger cuts us off by taking those."""
        olm = self._crypto.olm
        # nio does not know of fallback keys, and vodozemac's own type hints do not either.
        account: Any = olm.account._account  # noqa: SLF001 - there is no other way to it
        account.generate_fallback_key()
        fallbacks: dict[str, Any] = {}
        for key_id, public in account.fallback_key.items():
            key = {"key": public.to_base64(), "fallback": True}
            signatures = {olm.user_id: {f"ed25519:{olm.device_id}": olm.sign_json(key)}}
            fallbacks[f"{SIGNED}:{key_id}"] = {**key, "signatures": signatures}
        return fallbacks

    async def _mend(self) -> None:
        """Open new sessions with devices whose old ones broke; an empty message tells them so."""
        olm = self._crypto.olm
        wanted = {
            mxid: dict.fromkeys(devices, SIGNED) for mxid, devices in olm.get_users_for_key_claiming().items()
        }
        try:
            answer = await self._wire.post("keys", "claim", body={"one_time_keys": wanted})
            self._room_keys.take_claimed(answer)
        except RefusedError as error:
            log.warning("sessions_not_mended", code=error.code)
        # Those that had no key to claim are found broken again by their next message.
        olm.wedged_devices.clear()
        for message in list(olm.outgoing_to_device_messages):
            try:
                await self._wire.put(
                    "sendToDevice", message.type, self._chance.token(), body=message.as_dict()
                )
            except RefusedError as error:
                log.warning("message_refused", code=error.code)
            olm.handle_response(ToDeviceResponse(message))
