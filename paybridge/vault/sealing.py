"""The vault: data keys wrapped by the master key, values sealed by data keys (AES-256-GCM)."""

from __future__ import annotations

import hmac
import secrets
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from paybridge.services.ports import SealBrokenError
from paybridge.vault import codes as codes_
from paybridge.vault.master_key import KEY_LENGTH, MasterKey, WrongMasterKeyError
from paybridge.vault.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_VERSION: Final = b"\x01"
_ID_LENGTH: Final = 8
_NONCE_LENGTH: Final = 12  # 96 bits, as NIST SP 800-38D recommends for GCM
_TAG_LENGTH: Final = 16
_WRAPPED_LENGTH: Final = 1 + _ID_LENGTH + _NONCE_LENGTH + KEY_LENGTH + _TAG_LENGTH
_UNWRAPPED_KEPT: Final = 512

_SIGNING: Final = "receipt|ed25519"
_CHECK_CONTEXT: Final = "vault_check|system|constant"
_CHECK_PLAIN: Final = b"paybridge vault"


class Vault:
    """Seals and opens values; holds no data keys of its own but the installation's.

    A wrapped key is `version | key id | nonce | encrypted key`, a sealed value `version | nonce | encrypted
    value`. The key id is random and stays the same when the key is wrapped again under another master key, so
    that changing the master key leaves every sealed value readable.
    """

    def __init__(
        self, master: MasterKey, system: bytes, *, randomness: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._master = AESGCM(master.reveal())
        self._system = system
        self._randomness = randomness
        # Unwrapping costs little, but every message needs it.
        self._cipher_of = lru_cache(maxsize=_UNWRAPPED_KEPT)(self._unwrap_to_cipher)
        self._fingerprint_key = lru_cache(maxsize=64)(self._derive_fingerprint_key)

    def __repr__(self) -> str:
        return "Vault(hidden)"

    @property
    def system(self) -> bytes:
        """The wrapped data key of the installation itself."""
        return self._system

    def new_key(self) -> bytes:
        """A fresh data key, wrapped."""
        return _wrap(
            self._master, self._randomness(_ID_LENGTH), self._randomness(KEY_LENGTH), self._randomness
        )

    def rewrap(self, key: bytes, master: MasterKey) -> bytes:
        """The data key `key` wrapped under another master key; what it sealed stays as it is."""
        return _wrap(AESGCM(master.reveal()), _id_of(key), self._unwrap(key), self._randomness)

    def seal(self, key: bytes, context: str, plain: bytes) -> bytes:
        """`plain` under the wrapped data key `key`; opens only with the same key and `context`."""
        nonce = self._randomness(_NONCE_LENGTH)
        return _VERSION + nonce + self._cipher_of(key).encrypt(nonce, plain, _bound_to(key, context))

    def open(self, key: bytes, context: str, sealed: bytes) -> bytes:
        """The plain bytes, or `SealBrokenError`."""
        if len(sealed) < 1 + _NONCE_LENGTH + _TAG_LENGTH or sealed[:1] != _VERSION:
            raise SealBrokenError(f"{context}: not a sealed value")
        nonce, encrypted = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
        cipher = self._cipher_of(key)
        try:
            return cipher.decrypt(nonce, encrypted, _bound_to(key, context))
        except InvalidTag:
            raise SealBrokenError(f"{context}: sealed for another place or by another key") from None

    async def hash_codes(self, codes: Sequence[str]) -> Sequence[str]:
        """A slow hash of each code."""
        return await codes_.hash_codes(codes)

    async def find_code(self, hashes: Sequence[str], code: str) -> int | None:
        """Which of the hashes is this code's, if one is."""
        return await codes_.find_code(hashes, code)

    def fingerprint(self, purpose: str, plain: bytes) -> bytes:
        """A keyed hash for searching, 32 bytes; different for every purpose and installation."""
        return hmac.digest(self._fingerprint_key(purpose), plain, "sha256")

    @property
    def public_key(self) -> bytes:
        """The key (Ed25519, 32 bytes) by which others know what this installation signed."""
        return self._signer.public

    def sign(self, plain: bytes) -> bytes:
        """The signature of this installation, 64 bytes."""
        return self._signer.sign(plain)

    @cached_property
    def _signer(self) -> Signer:
        # Bound to the installation's data key: made when first needed, and the same in every process, in
        # every backup, and under every master key.
        return Signer(self.fingerprint(_SIGNING, b"seed"))

    def _derive_fingerprint_key(self, purpose: str) -> bytes:
        info = b"paybridge|fingerprint|" + purpose.encode()
        return HKDF(hashes.SHA256(), KEY_LENGTH, salt=None, info=info).derive(self._unwrap(self._system))

    def _unwrap_to_cipher(self, key: bytes) -> AESGCM:
        return AESGCM(self._unwrap(key))

    def _unwrap(self, key: bytes) -> bytes:
        if len(key) != _WRAPPED_LENGTH or key[:1] != _VERSION:
            raise SealBrokenError("not a wrapped data key")
        nonce_at = 1 + _ID_LENGTH
        nonce, encrypted = key[nonce_at : nonce_at + _NONCE_LENGTH], key[nonce_at + _NONCE_LENGTH :]
        try:
            return self._master.decrypt(nonce, encrypted, _wrapping_of(_id_of(key)))
        except InvalidTag:
            raise SealBrokenError("a data key of another master key") from None


def found_vault(
    master: MasterKey, *, randomness: Callable[[int], bytes] = secrets.token_bytes
) -> tuple[Vault, bytes]:
    """A vault for a new database, and the check value that the database must keep for `open_vault`."""
    system = _wrap(AESGCM(master.reveal()), randomness(_ID_LENGTH), randomness(KEY_LENGTH), randomness)
    vault = Vault(master, system, randomness=randomness)
    return vault, system + vault.seal(system, _CHECK_CONTEXT, _CHECK_PLAIN)


def open_vault(
    master: MasterKey, check: bytes, *, randomness: Callable[[int], bytes] = secrets.token_bytes
) -> Vault:
    """The vault of the database that keeps `check`, or `WrongMasterKeyError`."""
    system, sealed = check[:_WRAPPED_LENGTH], check[_WRAPPED_LENGTH:]
    vault = Vault(master, system, randomness=randomness)
    try:
        right = vault.open(system, _CHECK_CONTEXT, sealed) == _CHECK_PLAIN
    except SealBrokenError:
        right = False
    if not right:
        raise WrongMasterKeyError("this is not the master key that the database was made with")
    return vault


def rotated(vault: Vault, check: bytes, master: MasterKey) -> bytes:
    """The check value of the same vault under another master key, for `open_vault` with that one."""
    return vault.rewrap(check[:_WRAPPED_LENGTH], master) + check[_WRAPPED_LENGTH:]


def _wrap(master: AESGCM, key_id: bytes, plain_key: bytes, randomness: Callable[[int], bytes]) -> bytes:
    nonce = randomness(_NONCE_LENGTH)
    return _VERSION + key_id + nonce + master.encrypt(nonce, plain_key, _wrapping_of(key_id))


def _id_of(key: bytes) -> bytes:
    return key[1 : 1 + _ID_LENGTH]


def _wrapping_of(key_id: bytes) -> bytes:
    return b"paybridge|data key|" + key_id.hex().encode()


def _bound_to(key: bytes, context: str) -> bytes:
    return f"{context}|{_id_of(key).hex()}".encode()
