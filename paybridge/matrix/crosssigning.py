"""Cross-signing keys: ours, what they sign, and whether a device is signed by the person it claims to be of.

The objects and the order of signatures are those of the Matrix client-server API, section "Cross-signing".
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import aiohttp

SEED_BYTES = 32
API = "/_matrix/client/v3"
PASSWORD = "m.login.password"  # noqa: S105 - the name of a login stage
ALGORITHMS = ("m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2")


class BrokenChainError(Exception):
    """A device, or a key above it, is not signed as its owner would have signed it."""

    def __init__(self, user_id: str, why: str) -> None:
        super().__init__(f"{user_id}: {why}")
        self.user_id = user_id
        self.why = why


class NotPublishedError(Exception):
    """The homeserver did not take our cross-signing keys or signatures."""


@dataclass(frozen=True)
class Seeds:
    """The private halves of one person's three keys, 32 bytes each."""

    master: bytes = field(repr=False)
    self_signing: bytes = field(repr=False)
    user_signing: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if {len(self.master), len(self.self_signing), len(self.user_signing)} != {SEED_BYTES}:
            raise ValueError(f"each seed has {SEED_BYTES} bytes")

    @classmethod
    def new(cls, random_bytes: Callable[[int], bytes]) -> Self:
        return cls(random_bytes(SEED_BYTES), random_bytes(SEED_BYTES), random_bytes(SEED_BYTES))

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote; `ValueError` if the file holds something else."""
        try:
            saved = json.loads(file.read_text(encoding="utf-8"))
            return cls(*(unbase64(saved[name]) for name in ("master", "self_signing", "user_signing")))
        except (KeyError, TypeError, AttributeError, ValueError):
            # Without its cause, which may quote the file.
            raise ValueError(f"{file} does not hold three seeds") from None

    def save(self, file: Path) -> None:
        """Write the file whole or not at all, for its owner's eyes only."""
        seeds = {
            "master": unpadded(self.master),
            "self_signing": unpadded(self.self_signing),
            "user_signing": unpadded(self.user_signing),
        }
        unfinished = file.with_name(f"{file.name}.new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
            json.dump(seeds, writing)
            writing.flush()
            os.fsync(writing.fileno())
        unfinished.replace(file)

    def keys(self, user_id: str) -> Keys:
        """Build the three public key objects, signed as a server and other people expect them."""
        master = _key_object(user_id, "master", self.master)
        return Keys(
            master=master,
            self_signing=sign(
                _key_object(user_id, "self_signing", self.self_signing), user_id=user_id, seed=self.master
            ),
            user_signing=sign(
                _key_object(user_id, "user_signing", self.user_signing), user_id=user_id, seed=self.master
            ),
        )

    def sign_device(self, device: Mapping[str, Any]) -> dict[str, Any]:
        """Add the self-signing key's signature to a device of ours, keeping those that it has."""
        return sign(device, user_id=str(device["user_id"]), seed=self.self_signing)


@dataclass(frozen=True)
class Keys:
    """One person's three public key objects."""

    master: Mapping[str, Any]
    self_signing: Mapping[str, Any]
    user_signing: Mapping[str, Any]


def describe_device(user_id: str, device_id: str, *, curve25519: str, ed25519: str) -> dict[str, Any]:
    """Build the object that describes a device, as nio uploads it, without signatures."""
    return {
        "algorithms": list(ALGORITHMS),
        "device_id": device_id,
        "keys": {f"curve25519:{device_id}": curve25519, f"ed25519:{device_id}": ed25519},
        "user_id": user_id,
    }


def sign(thing: Mapping[str, Any], *, user_id: str, seed: bytes) -> dict[str, Any]:
    """Return a copy with one more signature, under the id of the seed's public key."""
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(_signed_part(thing))
    signatures = {user: dict(theirs) for user, theirs in thing.get("signatures", {}).items()}
    signatures.setdefault(user_id, {})[f"ed25519:{public(seed)}"] = unpadded(signature)
    return {**thing, "signatures": signatures}


def verify_chain(
    device: Mapping[str, Any], self_signing: Mapping[str, Any], master: Mapping[str, Any], user_id: str
) -> None:
    """Raise `BrokenChainError` unless master signed self-signing, and that the device, all of `user_id`.

    The arguments may be whatever a homeserver sent. Whether the master key is the one known before is not
    asked here.
    """
    master_key = public_key(master, "master", user_id)
    self_signing_key = public_key(self_signing, "self_signing", user_id)
    _verify(self_signing, user_id, master_key, "the self-signing key is not signed by the master key")
    if _part(device, "user_id") != user_id:
        raise BrokenChainError(user_id, "the device is someone else's")
    _verify(device, user_id, self_signing_key, "the device is not signed by the self-signing key")


def public_key(key: Mapping[str, Any], usage: str, user_id: str) -> str:
    """Return the public half that a key object holds, if it is one of this person for this usage."""
    if _part(key, "user_id") != user_id:
        raise BrokenChainError(user_id, f"the {usage} key is someone else's")
    usages, keys = key.get("usage"), key.get("keys")
    if not isinstance(usages, list) or usage not in usages:
        raise BrokenChainError(user_id, f"the {usage} key is not for that usage")
    if not isinstance(keys, Mapping) or len(keys) != 1:
        raise BrokenChainError(user_id, f"the {usage} key is not exactly one key")
    ((key_id, public_half),) = keys.items()
    if not isinstance(public_half, str) or key_id != f"ed25519:{public_half}":
        raise BrokenChainError(user_id, f"the {usage} key is not under its own name")
    return public_half


def public(seed: bytes) -> str:
    """Return the public half of a seed, which is also its key id."""
    return unpadded(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def unpadded(raw: bytes) -> str:
    """Encode as Matrix does: base64 without the equals signs at the end."""
    return base64.b64encode(raw).decode().rstrip("=")


def unbase64(text: str) -> bytes:
    """Decode base64 with or without padding; `ValueError` for anything else."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)


def canonical(thing: Mapping[str, Any]) -> bytes:
    """Encode as canonical JSON (Matrix appendices, section 3.1), the form that is signed."""
    text = json.dumps(thing, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.encode()


async def publish(
    session: aiohttp.ClientSession,
    *,
    homeserver: str,
    access_token: str,
    user_id: str,
    device_keys: Mapping[str, Any],
    seeds: Seeds,
    password: str | None = None,
) -> None:
    """Upload our three keys and the signed device, each only if the server does not have it yet.

    `device_keys` is the object that the device itself has uploaded. A server that already holds another
    identity of ours replaces it only against the password; without one that is a `NotPublishedError`.
    """
    server = _Server(session, homeserver.rstrip("/"), access_token)
    keys = seeds.keys(user_id)
    known = await server.post("/keys/query", {"device_keys": {user_id: []}})

    if not _holds(known, keys, user_id):
        await server.post_with_password(
            "/keys/device_signing/upload",
            {
                "master_key": keys.master,
                "self_signing_key": keys.self_signing,
                "user_signing_key": keys.user_signing,
            },
            user_id,
            password,
        )

    device_id = str(device_keys["device_id"])
    there = known.get("device_keys", {}).get(user_id, {}).get(device_id)
    if _part(there, "keys") != device_keys["keys"]:
        raise NotPublishedError(f"{user_id}: the server does not know device {device_id} by these keys")
    if not _is_signed(there, keys, user_id):
        answer = await server.post(
            "/keys/signatures/upload", {user_id: {device_id: seeds.sign_device(device_keys)}}
        )
        if answer.get("failures"):
            raise NotPublishedError(f"{user_id}: signature refused: {answer['failures']}")


def _key_object(user_id: str, usage: str, seed: bytes) -> dict[str, Any]:
    key = public(seed)
    return {"keys": {f"ed25519:{key}": key}, "usage": [usage], "user_id": user_id}


def _signed_part(thing: Mapping[str, Any]) -> bytes:
    return canonical({name: value for name, value in thing.items() if name not in {"signatures", "unsigned"}})


def _part(thing: object, name: str) -> object:
    """Look into what is only said to be an object."""
    return thing.get(name) if isinstance(thing, Mapping) else None


def _verify(thing: Mapping[str, Any], user_id: str, key: str, why_not: str) -> None:
    try:
        signature = unbase64(thing["signatures"][user_id][f"ed25519:{key}"])
        Ed25519PublicKey.from_public_bytes(unbase64(key)).verify(signature, _signed_part(thing))
    except (InvalidSignature, KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise BrokenChainError(user_id, why_not) from error


def _holds(known: Mapping[str, Any], keys: Keys, user_id: str) -> bool:
    """Whether the server has exactly our three keys (only the owner is shown the user-signing one)."""
    return all(
        _same_key(known.get(f"{usage}_keys", {}).get(user_id), ours, usage, user_id)
        for usage, ours in (
            ("master", keys.master),
            ("self_signing", keys.self_signing),
            ("user_signing", keys.user_signing),
        )
    )


def _same_key(theirs: Mapping[str, Any] | None, ours: Mapping[str, Any], usage: str, user_id: str) -> bool:
    try:
        return theirs is not None and public_key(theirs, usage, user_id) == public_key(ours, usage, user_id)
    except BrokenChainError:
        return False


def _is_signed(device: Mapping[str, Any], keys: Keys, user_id: str) -> bool:
    try:
        verify_chain(device, keys.self_signing, keys.master, user_id)
    except BrokenChainError:
        return False
    return True


class _Server:
    """The two or three requests to one homeserver as one person."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        status, answer = await self._post(path, body)
        if status != HTTPStatus.OK:
            raise NotPublishedError(f"{path}: {status} {answer.get('errcode')} {answer.get('error')}")
        return answer

    async def post_with_password(
        self, path: str, body: Mapping[str, Any], user_id: str, password: str | None
    ) -> None:
        """Post, and prove once more that it is us if asked to (user-interactive authentication)."""
        status, answer = await self._post(path, body)
        if status == HTTPStatus.UNAUTHORIZED and password is not None and "session" in answer:
            proof = {
                "type": PASSWORD,
                "identifier": {"type": "m.id.user", "user": user_id},
                "password": password,
                "session": answer["session"],
            }
            status, answer = await self._post(path, {**body, "auth": proof})
        if status != HTTPStatus.OK:
            # Not the answer itself: it may repeat what was sent.
            raise NotPublishedError(f"{path}: {status} {answer.get('errcode')} {answer.get('error')}")

    async def _post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        async with self._session.post(f"{self._url}{API}{path}", json=body, headers=self._headers) as reply:
            try:
                answer = await reply.json(content_type=None)
            except ValueError:
                answer = None
            return reply.status, answer if isinstance(answer, dict) else {}
