"""The short authentication string: one agreed secret, the codes that people compare, and what it vouches for.

Matrix client-server API, "Short Authentication String (SAS) verification".
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from vodozemac import Curve25519PublicKey

from paybridge.matrix.crosssigning import canonical, unpadded
from paybridge.matrix.verification.emoji import EMOJI

if TYPE_CHECKING:
    from vodozemac import EstablishedSas, Sas

AGREEMENT = "curve25519-hkdf-sha256"
HASH = "sha256"
MAC = "hkdf-hmac-sha256.v2"
# Its base64 is broken in a way that every client has learned to break it in.
OLD_MAC = "hkdf-hmac-sha256"
MACS = (MAC, OLD_MAC)
STRINGS = ("emoji", "decimal")
KEY_IDS = "KEY_IDS"


@dataclass(frozen=True, slots=True)
class Side:
    """One device of one person."""

    mxid: str
    device: str


@dataclass(frozen=True, slots=True)
class Codes:
    """What both sides must see alike: seven pictures with their names, or three numbers."""

    emoji: tuple[tuple[str, str], ...]
    decimals: tuple[int, int, int]


class Secret:
    """What only the two sides know, once each has the other's key."""

    def __init__(self, established: EstablishedSas, mac: str) -> None:
        self._established = established
        self._mac = mac

    def codes(self, info: str) -> Codes:
        drawn = self._established.bytes(info)
        return Codes(tuple(EMOJI[place] for place in drawn.emoji_indices), drawn.decimals)

    def mac(self, text: str, info: str) -> str:
        """Vouch for `text`."""
        if self._mac == OLD_MAC:
            return self._established.calculate_mac_invalid_base64(text, info)
        return self._established.calculate_mac(text, info)

    def is_mac(self, mac: str, text: str, info: str) -> bool:
        """Whether the other side vouched for `text`."""
        # Some write the base64 of the newer kind with its padding.
        theirs = mac.rstrip("=") if self._mac == MAC else mac
        return hmac.compare_digest(theirs.encode(), self.mac(text, info).encode())


def agree(ours: Sas, their_key: str, mac: str) -> Secret:
    """The secret of our key, which is used up, and theirs; `ValueError` if theirs is none or a trap."""
    return Secret(ours.diffie_hellman(Curve25519PublicKey.from_base64(their_key)), mac)


def commitment(our_key: str, start: Mapping[str, Any]) -> str:
    """What binds us to our key before we know theirs, so that nobody picks keys until the codes fit.

    `ValueError` if the start is not one that can be hashed.
    """
    return unpadded(sha256(our_key.encode() + canonical(start)).digest())


def codes_info(starter: tuple[Side, str], accepter: tuple[Side, str], transaction: str) -> str:
    """What the codes are drawn for: both sides with their keys; the one that started comes first."""
    (first, first_key), (second, second_key) = starter, accepter
    parts = (first.mxid, first.device, first_key, second.mxid, second.device, second_key, transaction)
    return "|".join(("MATRIX_KEY_VERIFICATION_SAS", *parts))


def mac_info(sender: Side, receiver: Side, transaction: str, key_id: str) -> str:
    """What a MAC is made for: one key of the sender, or the list of all of them."""
    return (
        f"MATRIX_KEY_VERIFICATION_MAC{sender.mxid}{sender.device}{receiver.mxid}{receiver.device}"
        f"{transaction}{key_id}"
    )
