"""One device of a person: a nio client that knows cross-signing and outlives what strangers send it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import aiohttp
from nio import LoginError
from nio.client.async_client import AsyncClient, AsyncClientConfig

from paybridge.matrix.crosssigning import BrokenChainError, Seeds, describe_device, publish, verify_chain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nio import ToDeviceEvent
    from nio.crypto import Olm

API = "/_matrix/client/v3"

log = logging.getLogger(__name__)


class PersonError(Exception):
    """The homeserver refused what the person did."""


class Device:
    """What a person holds in their hand: the client, its keys, and whom it shares room keys with."""

    def __init__(
        self, homeserver_url: str, user_id: str, store_dir: Path, *, signed_devices_only: bool
    ) -> None:
        self.user_id = user_id
        self.device_id = ""
        self.client = _Client(homeserver_url, user_id, store_path=str(store_dir), config=AsyncClientConfig())
        self.http = aiohttp.ClientSession(homeserver_url)
        self._signed_devices_only = signed_devices_only
        self._preparing = asyncio.Lock()

    async def close(self) -> None:
        if self.client.client_session is not None:
            await self.client.client_session.close()
        await self.http.close()
        if self.client.store is not None:
            self.client.store.database.close()

    @property
    def olm(self) -> Olm:
        if self.client.olm is None:
            raise PersonError(f"{self.user_id} has not logged in")
        return self.client.olm

    async def log_in(self, password: str, display_name: str | None) -> None:
        answer = await self.client.login(password, device_name=display_name or self.user_id)
        if isinstance(answer, LoginError):
            raise PersonError(f"{self.user_id}: {answer}")
        self.http.headers["Authorization"] = f"Bearer {self.client.access_token}"
        self.device_id = answer.device_id
        if self.client.store is not None:
            # Nothing of a demo needs to outlive a power cut.
            self.client.store.database.execute_sql("PRAGMA synchronous = OFF")
        if display_name is not None:
            await self.call("PUT", f"/profile/{self.user_id}/displayname", {"displayname": display_name})
        await self.client.keys_upload()

    async def publish(self, seeds: Seeds, password: str) -> None:
        await publish(
            self.http,
            homeserver=str(self.client.homeserver),
            access_token=self.client.access_token,
            user_id=self.user_id,
            device_keys=describe_device(self.user_id, self.device_id, **self.olm.account.identity_keys),
            seeds=seeds,
            password=password,
        )

    async def prepare_keys(self, room_id: str) -> None:
        room = self.client.rooms[room_id]
        if not room.encrypted:
            return
        async with self._preparing:
            # nio asks for newcomers' keys only in its own sync loop, and until then shares without them.
            if self.client.should_query_keys:
                await self.client.keys_query()
            if self._signed_devices_only:
                await self._shun_unsigned_devices(room.users)

    async def _shun_unsigned_devices(self, users: Iterable[str]) -> None:
        known = await self.call("POST", "/keys/query", {"device_keys": {user: [] for user in users}})
        for user_id, devices in known["device_keys"].items():
            for device in self.client.device_store.active_user_devices(user_id):
                if _is_signed(devices.get(device.id, {}), known, user_id, device.ed25519):
                    self.client.unblacklist_device(device)
                else:
                    self.client.blacklist_device(device)

    async def tend_keys(self) -> None:
        await self.client.send_to_device_messages()
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        async with self._preparing:
            if self.client.should_query_keys:
                await self.client.keys_query()
        if self.client.should_claim_keys:
            await self.client.keys_claim(self.client.get_users_for_key_claiming())

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with self.http.request(method, f"{API}{path}", json=body) as answer:
            if not answer.ok:
                raise PersonError(f"{method} {path}: {answer.status} {await answer.text()}")
            return dict(await answer.json())


class _Client(AsyncClient):
    """nio, except that one stranger's malformed message does not cost a person the whole sync."""

    def _handle_decrypt_to_device(self, to_device_event: ToDeviceEvent) -> ToDeviceEvent | None:
        try:
            return super()._handle_decrypt_to_device(to_device_event)
        except Exception:
            log.exception("%s could not read a message to the device", self.user)
            return None


def _is_signed(device: dict[str, Any], known: dict[str, Any], user_id: str, ed25519: str) -> bool:
    """Whether the owner signed the device and the server's account of it is the one that we hold."""
    try:
        verify_chain(
            device,
            known.get("self_signing_keys", {}).get(user_id, {}),
            known.get("master_keys", {}).get(user_id, {}),
            user_id,
        )
    except BrokenChainError:
        return False
    return bool(device["keys"].get(f"ed25519:{device['device_id']}") == ed25519)
