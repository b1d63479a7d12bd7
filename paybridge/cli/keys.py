"""`paybridge keys`: a new master key for everything that the old one has wrapped."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from paybridge.cli._frame import ConfigFile, Mistake, account, books_at, load, told

if TYPE_CHECKING:
    from paybridge.config import Config
    from paybridge.vault import MasterKey

keys = typer.Typer(help="The master key, under which everything secret is kept.", no_args_is_help=True)

NEW: Final = ".new"
OLD: Final = ".old"


@keys.command()
def rotate(
    config: ConfigFile,
    *,
    new_key_file: Annotated[
        Path | None,
        typer.Option(
            "--new-key-file",
            help="File for the new key, where no file holds the key; made if it is not there.",
        ),
    ] = None,
) -> None:
    """Wrap every data key under a new master key, with the bot stopped; said again, it goes on."""
    from paybridge.app import SystemClock
    from paybridge.config import MASTER_KEY_FILE
    from paybridge.domain.acts import NOTHING_MORE, ActKind
    from paybridge.services.ports import BookUnavailableError
    from paybridge.storage import DatabaseError
    from paybridge.storage.acting import write_act
    from paybridge.vault import MasterKey, MasterKeyError

    loaded = load(config)
    url, file = books_at(loaded), loaded.vault.master_key_file or loaded.data_dir / MASTER_KEY_FILE
    own = not loaded.vault.keeps_its_key
    if own is (new_key_file is None):
        raise Mistake(
            "the config or its command holds the key: name a file for the new one with --new-key-file"
            if own
            else f"the config names the file {file}, which is replaced: leave --new-key-file out"
        )
    new = new_key_file or file.with_name(f"{file.name}{NEW}")
    with told(DatabaseError, MasterKeyError, BookUnavailableError, OSError):
        made = MasterKey.from_file(new) if new.exists() else None
        count = asyncio.run(_rotate(loaded, url, new, made))
        write_act(url, SystemClock().now(), account(), ActKind.ROTATE_KEYS, NOTHING_MORE, None)
        if not own:
            _put_in_place(file, new)
    typer.echo(f"{count} data keys are wrapped under a new master key; nothing that they seal was touched.")
    if own:
        typer.echo(f"Now put what is in {new} where the old key comes from; the bot starts with no other.")
    else:
        typer.echo(
            f"The old key is in {file.name}{OLD} beside it. Backups of before open with that one only."
        )


async def _rotate(config: Config, url: str, new: Path, made: MasterKey | None) -> int:
    """Everything in one transaction, or nothing; what was `made` or done before is not done again."""
    from paybridge.app import SystemClock
    from paybridge.config import master_key_of
    from paybridge.storage import open_database, vault_check
    from paybridge.vault import MasterKey, open_vault, rotated

    check = await vault_check(url)
    if check is None:
        raise Mistake("there is no master key yet that could be replaced")
    if made is not None and _opens(made, check):
        return await _count(url)
    vault = open_vault(master_key_of(config, founded=True), check)
    fresh = made or MasterKey.generate(new)
    database = await open_database(url, SystemClock(), holder="paybridge keys rotate")
    try:
        if not await database.lease.acquire():
            raise Mistake("the bot is running: stop it first, and start it when this has ended")
        wrapped = await database.wrapped_keys()
        await database.keep_wrapped(
            {person: vault.rewrap(key, fresh) for person, key in wrapped.items()},
            rotated(vault, check, fresh),
        )
        await database.lease.release()
    finally:
        await database.close()
    return len(wrapped) + 1


def _opens(key: MasterKey, check: bytes) -> bool:
    from paybridge.vault import WrongMasterKeyError, open_vault

    try:
        open_vault(key, check)
    except WrongMasterKeyError:
        return False
    return True


async def _count(url: str) -> int:
    from paybridge.app import SystemClock
    from paybridge.storage import open_database

    database = await open_database(url, SystemClock(), holder="paybridge keys rotate")
    try:
        return len(await database.wrapped_keys()) + 1
    finally:
        await database.close()


def _put_in_place(file: Path, new: Path) -> None:
    """The old key is kept under another name before the new one takes its place."""
    old = file.with_name(f"{file.name}{OLD}")
    unfinished = file.with_name(f"{file.name}{OLD}{NEW}")
    unfinished.unlink(missing_ok=True)
    os.link(file, unfinished)
    unfinished.replace(old)
    # Of two names of one file, replacing one by the other leaves both.
    unfinished.unlink(missing_ok=True)
    new.replace(file)
