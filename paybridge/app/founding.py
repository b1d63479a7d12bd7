"""Opens the books and the vault over them, which are founded together, by whoever comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.app.system import SystemClock
from paybridge.storage import open_database, vault_check
from paybridge.vault import found_vault, open_vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from paybridge.services.ports import Vault
    from paybridge.storage import Database
    from paybridge.vault import MasterKey


async def open_books(
    url: str,
    holder: str,
    master_key: Callable[[bool], MasterKey],
    unlock: Callable[[MasterKey, bytes], Vault] = open_vault,
) -> tuple[Database, Vault]:
    """The vault is opened first: with a wrong key the database is not touched.

    `master_key` is told whether the books are founded, since only then the key must be there. Of two that
    found the same ones at once, the second takes the first one's vault, which opens with the same master key
    only. Raises `DatabaseError` and `MasterKeyError`.
    """
    check = await vault_check(url)
    master = master_key(check is not None)
    vault, new_check = (unlock(master, check), None) if check else found_vault(master)
    database = await open_database(url, SystemClock(), holder=holder)
    try:
        if new_check is not None and not await database.keep_vault_check(new_check):
            first = await vault_check(url)
            assert first is not None  # else ours had been kept
            vault = unlock(master, first)
    except BaseException:
        await database.close()
        raise
    return database, vault
