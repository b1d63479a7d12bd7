"""What the use cases need of the vault: secrets at rest, hashes of what people keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Vault(Protocol):
    """Secrets at rest: data keys wrapped by the master key, values sealed by data keys."""

    def new_key(self) -> bytes:
        """A fresh data key, wrapped."""

    def seal(self, key: bytes, context: str, plain: bytes) -> bytes:
        """`plain` under the wrapped data key; `context` (`table|person|column`) is needed to open it."""

    def open(self, key: bytes, context: str, sealed: bytes) -> bytes:
        """The plain bytes, or `SealBrokenError`."""

    async def hash_codes(self, codes: Sequence[str]) -> Sequence[str]:
        """A slow hash of each code, for codes that people keep."""

    async def find_code(self, hashes: Sequence[str], code: str) -> int | None:
        """Which of the hashes is this code's, if one is."""

    def fingerprint(self, purpose: str, plain: bytes) -> bytes:
        """A keyed hash for searching, 32 bytes."""

    @property
    def public_key(self) -> bytes:
        """The key (Ed25519, 32 bytes) by which others know what this installation signed."""

    def sign(self, plain: bytes) -> bytes:
        """The signature of this installation, 64 bytes."""

    @property
    def system(self) -> bytes:
        """The wrapped data key of the installation itself (inbox and outbox)."""


class SealBrokenError(Exception):
    """A sealed value does not belong to this place or key."""
