"""A person's phone and browser that keep passkeys, in software: answers what a page would be asked."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

ORIGIN = "https://pay.example.org"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def to_text(plain: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftAuthenticator:
    """Keeps keys of ES256. What it is asked is JSON, as for `navigator.credentials`, and so are its answers.

    `origin` is the page that it believes to be on, `verifies` whether it asks its person for a finger or PIN.
    `count` is told with each signature and grows; None tells 0 for ever. `packed`: it signs its attestation.
    """

    origin: str = ORIGIN
    rp_id: str | None = None
    verifies: bool = True
    count: int | None = 0
    cross_origin: bool = False
    packed: bool = False
    keys: dict[bytes, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    handle: bytes = b""

    def enrol(self, asked: str) -> str:
        """Make a new key, and say which it is."""
        options = json.loads(asked)
        self.handle = to_bytes(options["user"]["id"])
        key = ec.generate_private_key(ec.SECP256R1())
        credential = _id_of(key)
        self.keys[credential] = key
        client_data = self._client_data("webauthn.create", options["challenge"])
        attested = bytes(16) + struct.pack(">H", len(credential)) + credential + _cose(key)
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        statement: dict[str, Any] = {}
        if self.packed:
            statement = {"alg": -7, "sig": _sign(key, data, client_data)}
        attestation = {"fmt": "packed" if self.packed else "none", "attStmt": statement, "authData": data}
        return self._answer(credential, client_data, attestationObject=to_text(encode_cbor(attestation)))

    def approve(self, asked: str, *, credential: bytes | None = None) -> str:
        """Sign the challenge with the first key that may answer."""
        options = json.loads(asked)
        allowed = [to_bytes(one["id"]) for one in options["allowCredentials"]]
        chosen = credential or next(one for one in allowed if one in self.keys)
        client_data = self._client_data("webauthn.get", options["challenge"])
        if self.count is not None:
            self.count += 1
        data = self._data(options["rpId"], 0)
        return self._answer(
            chosen,
            client_data,
            authenticatorData=to_text(data),
            signature=to_text(_sign(self.keys[chosen], data, client_data)),
            userHandle=to_text(self.handle),
        )

    def _client_data(self, kind: str, challenge: str) -> bytes:
        told = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return json.dumps(told).encode()

    def _data(self, rp_id: str, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256((self.rp_id or rp_id).encode()).digest() + struct.pack(
            ">BI", flags, self.count or 0
        )

    @staticmethod
    def _answer(credential: bytes, client_data: bytes, **response: str) -> str:
        return json.dumps(
            {
                "id": to_text(credential),
                "rawId": to_text(credential),
                "type": "public-key",
                "response": {"clientDataJSON": to_text(client_data), **response},
            }
        )


def _numbers(key: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    public = key.public_key().public_numbers()
    return public.x.to_bytes(32, "big"), public.y.to_bytes(32, "big")


def _id_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(b"".join(_numbers(key))).digest()[:16]


def _cose(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as RFC 9053 section 7.1 has it: EC2, ES256, P-256."""
    x, y = _numbers(key)
    return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes, client_data: bytes) -> bytes:
    return key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
