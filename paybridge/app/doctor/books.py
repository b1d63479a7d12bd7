"""Looks at the books and at the key to them, without touching either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from paybridge.config import MASTER_KEY_FILE
from paybridge.services.finding import Finding, bad, good, note, unknown
from paybridge.storage import DatabaseError, vault_check
from paybridge.storage.errors import GuardsMissingError
from paybridge.storage.standing import Standing, standing
from paybridge.vault import MasterKey, MasterKeyError, WrongMasterKeyError, open_vault

if TYPE_CHECKING:
    from paybridge.config import Config


async def check_books(config: Config) -> Sequence[Finding]:
    """How the database stands, and whether the master key opens it."""
    try:
        found = _of(await standing(config.database.url))
    except GuardsMissingError as error:
        audited = "stop the bot, run paybridge audit, and undo what was altered or restore a backup"
        return [bad("database", str(error), audited), await _key(config)]
    except DatabaseError as error:
        reach = "see that database.url is right, and that its server or folder can be reached"
        return [bad("database", str(error), reach), unknown("master key", "no database to try it on")]
    return [found, await _key(config)]


def _of(stands: Standing) -> Finding:
    match stands:
        case Standing.EMPTY:
            return note("database", "there are no books yet; the first start makes them")
        case Standing.OLDER:
            return note(
                "database",
                "it is of an older version",
                "start the bot, which brings it up to date; or its owner has to (docs/postgres.md)",
            )
        case Standing.WHOLE:
            return good("database", "every table and guard is as the migrations made it")


async def _key(config: Config) -> Finding:
    part, file = "master key", config.vault.master_key_file or config.data_dir / MASTER_KEY_FILE
    check = await vault_check(config.database.url)
    if config.vault.master_key is None and not file.exists() and check is None:
        return note(part, "there is none yet; the first start makes it")
    try:
        key = _read(config)
        if check is not None:
            open_vault(key, check)
    except WrongMasterKeyError as error:
        return bad(
            part, str(error), f"put the copy of the right key back to {file}; no other opens the books"
        )
    except MasterKeyError as error:
        return bad(part, str(error), f"put the copy of the key back to {file}, readable by the bot alone")
    opens = "it is there" if check is None else "it opens the books"
    return good(part, f"{opens}; keep a copy of it in another place")


def _read(config: Config) -> MasterKey:
    if config.vault.master_key is not None:
        return MasterKey.read(config.vault.master_key.get_secret_value())
    return MasterKey.from_file(config.vault.master_key_file or config.data_dir / MASTER_KEY_FILE)
