"""A parcel: a stream sealed piece by piece, so that any length can be written and nothing cut off unnoticed.

Each piece is AES-256-GCM under a key of this parcel alone; its nonce counts the pieces and tells the last one
(the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizar, 2015), so that pieces can be neither left
out, moved nor cut away. The head is bound to every piece.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from paybridge.services.ports import SealBrokenError
from paybridge.vault.master_key import KEY_LENGTH, MasterKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

MAGIC: Final = b"PayBridge parcel 1\n"
BY_MASTER_KEY: Final = b"M"
BY_PASSPHRASE: Final = b"P"
PIECE: Final = 64 * 1024
_SALT: Final = 16
_TAG: Final = 16
_HEAD: Final = len(MAGIC) + 1 + _SALT

# RFC 9106, section 4, the second recommended choice: 64 MiB, three passes.
_MEMORY_KIB: Final = 64 * 1024
_PASSES: Final = 3
_LANES: Final = 4


class SealingWriter:
    """Seals what is written to it into `target`; the parcel is whole once its block ends without an error."""

    def __init__(
        self,
        target: BinaryIO,
        key: MasterKey | str,
        *,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`key` is the master key, or a passphrase."""
        self._target = target
        self._head = MAGIC + (BY_PASSPHRASE if isinstance(key, str) else BY_MASTER_KEY) + randomness(_SALT)
        self._cipher = AESGCM(_parcel_key(key, self._head))
        self._waiting = bytearray()
        self._pieces = 0
        target.write(self._head)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._seal(bytes(self._waiting), last=True)
            self._target.flush()

    def write(self, data: bytes) -> int:
        """Seal `data` behind what was written before; how many bytes, which is all of them."""
        self._waiting += data
        # One piece always waits: it may be the last.
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._pieces, last=last), piece, self._head))
        self._pieces += 1


class OpeningReader:
    """The plain bytes of a parcel, or `SealBrokenError`: at once if the key is wrong."""

    def __init__(self, source: BinaryIO, key: MasterKey | str) -> None:
        self._source = source
        self._head = source.read(_HEAD)
        if len(self._head) < _HEAD or not self._head.startswith(MAGIC):
            raise SealBrokenError("it is no backup of PayBridge")
        if sealed_by(self._head) != (BY_PASSPHRASE if isinstance(key, str) else BY_MASTER_KEY):
            wanted = "a passphrase" if sealed_by(self._head) == BY_PASSPHRASE else "the master key"
            raise SealBrokenError(f"it was sealed with {wanted}")
        self._cipher = AESGCM(_parcel_key(key, self._head))
        self._pieces = 0
        self._ahead = source.read(PIECE + _TAG)
        self._plain = b""
        self._ended = False
        self._open()

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all that are left; fewer at the end."""
        parts: list[bytes] = []
        left = size
        while left:
            if not self._plain and not self._open():
                break
            part = self._plain if size < 0 else self._plain[:left]
            self._plain = self._plain[len(part) :]
            parts.append(part)
            left -= len(part) if size >= 0 else 0
        return b"".join(parts)

    def _open(self) -> bool:
        """The next piece; False behind the last."""
        if self._ended:
            return False
        sealed, self._ahead = self._ahead, self._source.read(PIECE + _TAG)
        last = not self._ahead
        try:
            self._plain = self._cipher.decrypt(_nonce(self._pieces, last=last), sealed, self._head)
        except (InvalidTag, ValueError):
            told = "the key is wrong, or it was altered" if not self._pieces else "it was altered or cut off"
            raise SealBrokenError(told) from None
        self._pieces += 1
        self._ended = last
        return bool(self._plain) or not last


def sealed_by(head: bytes) -> bytes:
    """`BY_MASTER_KEY` or `BY_PASSPHRASE`, from the first bytes of a parcel."""
    return head[len(MAGIC) : len(MAGIC) + 1]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _parcel_key(key: MasterKey | str, head: bytes) -> bytes:
    salt = head[-_SALT:]
    if isinstance(key, str):
        return Argon2id(
            salt=salt, length=KEY_LENGTH, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB
        ).derive(key.encode())
    return HKDF(hashes.SHA256(), KEY_LENGTH, salt=salt, info=b"paybridge|parcel").derive(key.reveal())
