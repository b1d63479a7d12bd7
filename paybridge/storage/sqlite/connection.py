"""Opens the SQLite file: for the writer with every guard on, for readers without the right to write."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Final
from urllib.parse import quote

from paybridge.storage.errors import DatabasePlaceError, DatabaseUrlError, GuardsMissingError

_SCHEME: Final = "sqlite+aiosqlite:///"
_PATIENCE_SECONDS: Final = 5
_STATEMENTS_KEPT: Final = 256

# Without foreign keys no COMMIT fails for an unsealed journal, without recursive triggers REPLACE deletes
# rows behind the triggers' back, and FULL is what makes COMMIT mean "on disk".
_GUARDS: Final = (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1))

# For speed: savepoints undone in memory, 16 MiB of pages kept, fewer checkpoints of more pages each.
_COMFORTS: Final = (("temp_store", 2), ("cache_size", -16384), ("wal_autocheckpoint", 2000))


def path_of(url: str) -> Path:
    """The file that `sqlite+aiosqlite:///path` names, or `DatabaseUrlError`."""
    path = url.removeprefix(_SCHEME)
    if not url.startswith(_SCHEME) or path in {"", ":memory:"} or "?" in path:
        raise DatabaseUrlError(f"the database URL must be {_SCHEME}path/to/file")
    return Path(path)


def create_file(path: Path) -> None:
    """See that the file exists and that we may use it and its directory, or `DatabasePlaceError`.

    A new file belongs to its owner alone; SQLite gives the same mode to the files that it puts beside it.
    """
    if not os.access(path.parent, os.R_OK | os.W_OK | os.X_OK):
        raise DatabasePlaceError(f"cannot write to the directory {path.parent}")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
    except OSError as error:
        raise DatabasePlaceError(f"cannot open the database {path}: {error.strerror}") from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes, every guard of which is proven to be on."""
    connection = sqlite3.connect(
        path,
        timeout=_PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS_KEPT,
    )
    try:
        for name, value in (*_GUARDS, *_COMFORTS):
            _turn_on(connection, name, value)
    except BaseException:
        connection.close()
        raise
    return connection


def _turn_on(connection: sqlite3.Connection, name: str, value: str | int) -> None:
    # SQLite passes over a pragma that it cannot follow without a word.
    connection.execute(f"PRAGMA {name} = {value}")
    if connection.execute(f"PRAGMA {name}").fetchone() != (value,):
        raise GuardsMissingError(f"SQLite does not keep {name} = {value}")


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(
        uri, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
