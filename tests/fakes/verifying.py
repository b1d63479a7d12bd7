"""The other side of a verification, by other means than the bot's: the primitives of `cryptography`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Content = dict[str, Any]
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def broken_base64_of(raw: bytes) -> str:
    """What comes out when the text is written over the bytes that are still to be read."""
    place = bytearray(raw) + bytearray(-(-len(raw) * 4 // 3) - len(raw))
    read = write = 0
    while read + 3 <= len(raw):
        bits = int.from_bytes(place[read : read + 3])
        place[write : write + 4] = bytes(ALPHABET[bits >> shift & 63] for shift in (18, 12, 6, 0))
        read, write = read + 3, write + 4
    rest = place[read : len(raw)]
    if rest:
        bits = int.from_bytes(rest) << (8 * (3 - len(rest)))
        tail = bytes(ALPHABET[bits >> shift & 63] for shift in (18, 12, 6, 0))[: len(rest) + 1]
        place[write : write + len(tail)] = tail
    return place.decode()


@dataclass
class Peer:
    """Somebody who asks the bot to compare codes, as the one who starts."""

    mxid: str = "@alice:hs"
    device: str = "PHONE"
    transaction: str = "t1"
    bot: str = "@bot:hs"
    bot_device: str = "BOT"
    keys: Mapping[str, str] = field(default_factory=lambda: {"ed25519:PHONE": "phone", "ed25519:M": "M"})
    mac_method: str = "hkdf-hmac-sha256.v2"
    private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    secret: bytes = b""
    bot_key: str = ""

    @property
    def public(self) -> str:
        return base64_of(self.private.public_key().public_bytes_raw())

    def request(self, sent: int = 0) -> Content:
        return {"from_device": self.device, "methods": ["m.sas.v1", "m.qr_code.show.v1"], "timestamp": sent}

    def start(self) -> Content:
        return {
            "from_device": self.device,
            "method": "m.sas.v1",
            "key_agreement_protocols": ["curve25519-hkdf-sha256"],
            "hashes": ["sha256"],
            "message_authentication_codes": [self.mac_method],
            "short_authentication_string": ["decimal", "emoji"],
        }

    def key(self) -> Content:
        return {"key": self.public}

    def take_key(self, content: Mapping[str, Any]) -> None:
        self.bot_key = content["key"]
        theirs = X25519PublicKey.from_public_bytes(base64.b64decode(self.bot_key + "="))
        self.secret = self.private.exchange(theirs)

    def is_committed(self, commitment: str, start: Mapping[str, Any]) -> bool:
        """Whether the bot's key is the one that it had in mind before it saw ours."""
        text = json.dumps(start, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return commitment == base64_of(hashlib.sha256((self.bot_key + text).encode()).digest())

    def _derived(self, info: str, length: int) -> bytes:
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode()).derive(self.secret)

    @property
    def _drawn(self) -> bytes:
        ours, theirs = (self.mxid, self.device, self.public), (self.bot, self.bot_device, self.bot_key)
        return self._derived("|".join(("MATRIX_KEY_VERIFICATION_SAS", *ours, *theirs, self.transaction)), 6)

    @property
    def emoji(self) -> list[int]:
        bits = int.from_bytes(self._drawn) >> 6
        return [bits >> shift & 63 for shift in range(36, -1, -6)]

    @property
    def decimals(self) -> tuple[int, ...]:
        bits = int.from_bytes(self._drawn[:5]) >> 1
        return tuple((bits >> shift & 0x1FFF) + 1000 for shift in (26, 13, 0))

    def mac_of(self, text: str, key_id: str, *, by_bot: bool = False) -> str:
        sides = [self.mxid + self.device, self.bot + self.bot_device]
        first, second = sides[::-1] if by_bot else sides
        info = f"MATRIX_KEY_VERIFICATION_MAC{first}{second}{self.transaction}{key_id}"
        raw = hmac.digest(self._derived(info, 32), text.encode(), "sha256")
        return broken_base64_of(raw) if self.mac_method == "hkdf-hmac-sha256" else base64_of(raw)

    def mac(self) -> Content:
        macs = {key_id: self.mac_of(key, key_id) for key_id, key in self.keys.items()}
        return {"mac": macs, "keys": self.mac_of(",".join(sorted(self.keys)), "KEY_IDS")}
