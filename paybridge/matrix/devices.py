"""Other people's devices: which there are, which key is whose, and what their owners have signed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from nio import KeysQueryResponse

from paybridge.matrix.crosssigning import BrokenChainError, public_key, unbase64, verify_chain
from paybridge.matrix.wire import NotNowError, RefusedError

if TYPE_CHECKING:
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.wire import Wire

PEOPLE_PER_QUESTION = 250
KEY_BYTES = 32

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Household:
    """One person's devices, by id: their curve25519 and ed25519 keys.

    `master` is the person's public master key, if they have one; `signed` are the devices that it vouches
    for, by way of the self-signing key.
    """

    keys: Mapping[str, tuple[str, str]]
    master: str | None
    signed: frozenset[str]

    def device(self, curve25519: str, ed25519: str) -> str | None:
        """The id of the device with exactly these keys."""
        return next((device for device, keys in self.keys.items() if keys == (curve25519, ed25519)), None)

    @property
    def trusted(self) -> frozenset[str]:
        """The devices that get room keys.

        One that the owner did not sign may be the server's own. But people who have no cross-signing at all
        could be told nothing, not even how to change that.
        """
        return self.signed if self.master is not None else frozenset(self.keys)


NOBODY = Household({}, None, frozenset())


class Devices:
    """The device lists of everyone we deal with, each asked for once, and again when it has changed."""

    def __init__(self, wire: Wire, crypto: Crypto) -> None:
        self._wire = wire
        self._crypto = crypto
        self._known: dict[str, Household] = {}
        self._outdated: set[str] = set()
        self._asking = asyncio.Lock()

    def outdated(self, people: Iterable[str]) -> None:
        """These people's lists changed: the next one who needs them asks the server."""
        self._outdated.update(people)

    async def of(self, mxid: str) -> Household:
        """One person's devices, or `NotNowError` if their homeserver cannot be asked."""
        households = await self.of_all([mxid])
        if mxid not in households:
            raise NotNowError("a person's homeserver does not answer about their devices")
        return households[mxid]

    async def of_all(self, people: Collection[str]) -> Mapping[str, Household]:
        """The devices of each person whose homeserver can be asked."""
        if not all(map(self._is_known, people)):
            async with self._asking:
                missing = [mxid for mxid in people if not self._is_known(mxid)]
                for start in range(0, len(missing), PEOPLE_PER_QUESTION):
                    await self._ask(missing[start : start + PEOPLE_PER_QUESTION])
        return {mxid: self._known[mxid] for mxid in people if mxid in self._known}

    def _is_known(self, mxid: str) -> bool:
        return mxid in self._known and mxid not in self._outdated

    async def _ask(self, people: Collection[str]) -> None:
        for mxid in people:
            self._known.pop(mxid, None)
        # Before asking: what changes while we ask is asked for again by the next one.
        self._outdated.difference_update(people)
        question: dict[str, Any] = {"device_keys": {mxid: [] for mxid in people}}
        try:
            answer = await self._wire.post("keys", "query", body=question)
        except RefusedError as error:
            # That says nothing about anybody's devices: as when their homeserver does not answer.
            log.warning("devices_refused", people=len(people), code=error.code)
            return
        for mxid in people:
            household = self._read(answer, mxid)
            if household is not None:
                self._known[mxid] = household

    def _read(self, answer: Mapping[str, Any], mxid: str) -> Household | None:
        described = _part(answer.get("device_keys"), mxid)
        if not isinstance(described, dict):
            return None
        sound = {device: keys for device, keys in described.items() if _is_sound(keys, device, mxid)}
        try:
            with self._crypto.at_once():
                self._crypto.olm.handle_response(KeysQueryResponse({mxid: sound}, {}))
        except Exception as error:  # noqa: BLE001 - devices describe themselves, and nio believes them
            log.warning("devices_unreadable", person=mxid, error=type(error).__name__)
            return NOBODY
        master = _part(answer.get("master_keys"), mxid)
        self_signing = _part(answer.get("self_signing_keys"), mxid)
        keys = self._keys(mxid, sound)
        return Household(
            keys=keys,
            master=_master(master, mxid),
            signed=frozenset(
                device for device in keys if _is_signed(sound[device], self_signing, master, mxid)
            ),
        )

    def _keys(self, mxid: str, described: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """The keys of each device whose own signature nio found right, and which did not change since."""
        if mxid == self._crypto.user_id:
            own = self._crypto.identity_keys
            return {self._crypto.device_id: (own["curve25519"], own["ed25519"])}
        return {
            device.id: (device.curve25519, device.ed25519)
            for device in self._crypto.olm.device_store.active_user_devices(mxid)
            if device.id in described
            and described[device.id]["keys"].get(f"ed25519:{device.id}") == device.ed25519
            and described[device.id]["keys"].get(f"curve25519:{device.id}") == device.curve25519
        }


def _is_sound(described: object, device: str, mxid: str) -> bool:
    """Whether a device's own words have the shape that nio expects; malformed keys would break every send."""
    if _part(described, "user_id") != mxid or _part(described, "device_id") != device:
        return False
    keys = _part(described, "keys")
    return all(_is_key(_part(keys, f"{kind}:{device}")) for kind in ("curve25519", "ed25519"))


def _is_key(key: object) -> bool:
    try:
        return isinstance(key, str) and len(unbase64(key)) == KEY_BYTES
    except ValueError:
        return False


def _master(master: object, mxid: str) -> str | None:
    if not isinstance(master, Mapping):
        return None
    try:
        return public_key(master, "master", mxid)
    except BrokenChainError:
        return None


def _is_signed(device: object, self_signing: object, master: object, mxid: str) -> bool:
    if not (
        isinstance(device, Mapping) and isinstance(self_signing, Mapping) and isinstance(master, Mapping)
    ):
        return False
    try:
        verify_chain(device, self_signing, master, mxid)
    except BrokenChainError:
        return False
    return True


def _part(thing: object, name: str) -> object:
    return thing.get(name) if isinstance(thing, Mapping) else None
