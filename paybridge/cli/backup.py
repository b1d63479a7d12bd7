"""`paybridge backup` and `paybridge restore`: all that a bot must not lose, sealed in one file."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, cast

import typer

from paybridge.cli._frame import ConfigFile, Mistake, account, books_at, load, told

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.config import Config
    from paybridge.vault import MasterKey

BOOKS: Final = "paybridge.db"
SEEDS: Final = "cross-signing.json"
MASTER_KEY: Final = "master.key"
KNOWN: Final = frozenset({BOOKS, SEEDS, MASTER_KEY})
NEVER_TAKEN_OVER: Final = ("matrix.json", "crypto")
UNPACKED: Final = ".paybridge-restore-"
COPIED: Final = ".paybridge-backup-"
# SQLite would read another database's log into the books that are put beside it.
LOGS: Final = ("-wal", "-shm", "-journal")

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with a passphrase to seal with instead of the master key."),
]


def backup(
    config: ConfigFile,
    *,
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Seal the books and the bot's identity into one file; the bot may be running."""
    from paybridge.config import master_key_of
    from paybridge.storage.copying import copy_books
    from paybridge.storage.errors import DatabaseError
    from paybridge.vault import MasterKeyError
    from paybridge.vault.parcel import SealingWriter

    loaded = load(config)
    url = books_at(loaded)
    seeds = loaded.data_dir / SEEDS
    with told(DatabaseError, MasterKeyError, OSError):
        master = master_key_of(loaded)
        passphrase = _passphrase(passphrase_file)
        # The copy that is not sealed yet stays where the books are: others may read where backups lie.
        with (
            tempfile.TemporaryDirectory(dir=_place(loaded), prefix=COPIED) as folder,
            tempfile.TemporaryDirectory(dir=to.absolute().parent, prefix=COPIED) as beside,
        ):
            copy, unfinished = Path(folder, BOOKS), Path(beside, "backup")
            copy_books(url, copy)
            with (
                _for_owner(unfinished) as file,
                SealingWriter(file, passphrase or master) as sealing,
                tarfile.open(mode="w|", fileobj=cast("BinaryIO", sealing)) as tar,
            ):
                tar.add(copy, BOOKS)
                if seeds.exists():
                    tar.add(seeds, SEEDS)
                if passphrase is not None:
                    _add(tar, MASTER_KEY, f"{master.reveal().hex()}\n".encode())
            unfinished.replace(to)
    typer.echo(f"Wrote {to}. It opens with {'the passphrase' if passphrase else 'the master key'} only.")


def restore(
    backup: Annotated[Path, typer.Argument(help="The file that `paybridge backup` wrote.")],
    config: ConfigFile,
    *,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put a backup where the config says that the bot's data is, if there is none yet."""
    from paybridge.app import SystemClock
    from paybridge.config import ConfigError, check_data_dir
    from paybridge.services.ports import SealBrokenError
    from paybridge.storage.errors import DatabaseError
    from paybridge.vault import MasterKeyError

    loaded = load(config)
    place = _place(loaded)
    with told(ConfigError, DatabaseError, MasterKeyError, SealBrokenError, OSError, tarfile.TarError):
        check_data_dir(loaded)
        _refuse_what_is_there(loaded)
        for left in place.glob(f"{UNPACKED}*"):
            # By a restore that was killed: it holds the books unsealed, and perhaps the key.
            shutil.rmtree(left)
        # On the file system of the books: what is ready is put in place by renaming it.
        with tempfile.TemporaryDirectory(dir=place, prefix=UNPACKED) as unpacked:
            folder = Path(unpacked)
            master = _unpack(backup, folder, loaded, _passphrase(passphrase_file))
            _prove(folder / BOOKS, master, SystemClock().now())
            _put_in_place(folder, loaded)
    typer.echo(
        f"Restored to {loaded.database.file or 'the database'}."
        " At its next start the bot logs in as a new device under its old identity.\n"
        "Cards that were open are void. Each rail is compared with the books before anything is sent to it.\n"
        "What the rails know and the books do not: paybridge audit"
    )


def _place(config: Config) -> Path:
    """Where a copy that is not sealed may lie: with the books, or with the bot's other secrets."""
    return config.data_dir if config.database.file is None else config.database.file.parent


def _owners_url(config: Config) -> str:
    """The URL of a server's database, as the role that owns the tables, if another one runs the bot."""
    from paybridge.storage.postgres.__main__ import OWNER_URL

    return os.environ.get(OWNER_URL) or config.database.url


def _refuse_what_is_there(config: Config) -> None:
    from paybridge.storage.postgres.copying import refuse_what_is_there

    books = config.database.file
    if books is None:
        refuse_what_is_there(_owners_url(config))
    files = () if books is None else (books, *(books.with_name(books.name + end) for end in LOGS))
    for path in (*files, *(config.data_dir / name for name in NEVER_TAKEN_OVER)):
        if path.exists():
            raise Mistake(f"{path} is there: a backup is restored only where there is no bot's data yet")


def _unpack(backup: Path, folder: Path, config: Config, passphrase: str | None) -> MasterKey:
    """The backup's files in `folder`, and the master key that they are under."""
    from paybridge.config import master_key_of
    from paybridge.services.ports import SealBrokenError
    from paybridge.vault import MasterKey
    from paybridge.vault.parcel import OpeningReader

    master = None if passphrase is not None else master_key_of(config, founded=True)
    with backup.open("rb") as file:
        plain = OpeningReader(file, passphrase or _given(master))
        with tarfile.open(mode="r|", fileobj=cast("BinaryIO", plain)) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if member.name not in KNOWN or content is None:
                    raise SealBrokenError(f"it holds {member.name!r}, which no backup holds")
                with _for_owner(folder / member.name) as target:
                    shutil.copyfileobj(content, target)
        # To its end: only the last piece proves that nothing was cut off.
        while plain.read(io.DEFAULT_BUFFER_SIZE):
            pass
    if not (folder / BOOKS).exists():
        raise SealBrokenError("it holds no books")
    return MasterKey.from_file(folder / MASTER_KEY) if master is None else master


def _given(master: MasterKey | None) -> MasterKey:
    assert master is not None  # without a passphrase it was read
    return master


def _prove(books: Path, master: MasterKey, now: datetime) -> None:
    """The books are under this key, guarded, sound, and nothing in them happens again."""
    from paybridge.domain.acts import NOTHING_MORE, ActKind
    from paybridge.storage.acting import write_act
    from paybridge.storage.audit import audit
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.sqlite.copying import make_fit
    from paybridge.storage.sqlite.opening import read_vault_check
    from paybridge.vault import open_vault

    check = read_vault_check(books)
    if check is None:
        raise DatabaseError("the backup's books were never used")
    open_vault(master, check)
    make_fit(books, now)
    url = f"sqlite+aiosqlite:///{books}"
    write_act(url, now, account(), ActKind.RESTORE, NOTHING_MORE, None)
    problems = audit(url).problems
    if problems:
        raise DatabaseError(f"the backup's books are not sound: {problems[0]}")


def _put_in_place(folder: Path, config: Config) -> None:
    """The books last: until then there is no bot's data, and the same restore may be tried again."""
    from paybridge.storage.postgres.copying import copy_to_server

    key_file = config.vault.master_key_file or config.data_dir / MASTER_KEY
    for name, place in ((MASTER_KEY, key_file), (SEEDS, config.data_dir / SEEDS)):
        new = folder / name
        if not new.exists() or (name == MASTER_KEY and not config.vault.keeps_its_key):
            continue
        if place.exists() and place.read_bytes() != new.read_bytes():
            raise Mistake(f"{place} is there, and is another one than the backup's")
        unfinished = place.with_name(f".{place.name}.new")
        unfinished.unlink(missing_ok=True)  # of a restore that was killed
        with _for_owner(unfinished) as file:
            file.write(new.read_bytes())
        unfinished.replace(place)
    if config.database.file is None:
        copy_to_server(folder / BOOKS, _owners_url(config))
    else:
        (folder / BOOKS).replace(config.database.file)


def _passphrase(file: Path | None) -> str | None:
    if file is None:
        return None
    words = file.read_text(encoding="utf-8").removesuffix("\n")
    if not words:
        raise Mistake(f"--passphrase-file: {file} is empty")
    return words


@contextmanager
def _for_owner(path: Path) -> Iterator[BinaryIO]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    told_of = tarfile.TarInfo(name)
    told_of.size = len(content)
    tar.addfile(told_of, io.BytesIO(content))
