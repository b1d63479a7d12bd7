"""Secrets at rest and one-time codes; the rest of the house sees only sealed bytes."""

from paybridge.vault.master_key import MasterKey, MasterKeyError, WrongMasterKeyError
from paybridge.vault.sealing import Vault, found_vault, open_vault, rotated

__all__ = [
    "MasterKey",
    "MasterKeyError",
    "Vault",
    "WrongMasterKeyError",
    "found_vault",
    "open_vault",
    "rotated",
]
