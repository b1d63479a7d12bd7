"""Secrets at rest and one-time codes; the rest of the house sees only sealed bytes."""

from paybridge.vault.master_key import MasterKey, MasterKeyError, WrongMasterKeyError
from paybridge.vault.sealing import Vault, found_vault, open_vault, rotated
from paybridge.vault.signing import is_signed

__all__ = [
    "MasterKey",
    "MasterKeyError",
    "Vault",
    "WrongMasterKeyError",
    "found_vault",
    "is_signed",
    "open_vault",
    "rotated",
]
