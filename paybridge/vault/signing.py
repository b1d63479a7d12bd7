"""The key with which this house signs receipts (Ed25519, RFC 8032), and the check that anybody can make."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Signer:
    """Signs with the key of a seed of 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def __repr__(self) -> str:
        return "Signer(hidden)"

    @property
    def public(self) -> bytes:
        """The key that others check with, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, plain: bytes) -> bytes:
        """The signature, 64 bytes; the same for the same text."""
        return self._key.sign(plain)


def is_signed(public: bytes, plain: bytes, signature: bytes) -> bool:
    """Whether the key with this public half signed exactly this text."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, plain)
    except (InvalidSignature, ValueError):
        return False
    return True
