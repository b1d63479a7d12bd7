"""What an operator sees of frozen identities and decides about them, beside a bot that may be running."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from paybridge.storage.errors import DatabaseError
from paybridge.storage.rows import microseconds, pinned_key_of
from paybridge.storage.sqlite.connection import connect, connect_read_only

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from paybridge.domain.pinning import PinnedKey

_FROZEN = "SELECT * FROM pinned_key WHERE since IS NOT NULL"
_ACCEPT = "UPDATE pinned_key SET until = ?, version = version + 1 WHERE mxid = ? AND other = ?"


class NotFrozenError(DatabaseError):
    """There is nothing to accept; its text is one line for the operator."""


def frozen_identities(file: Path) -> Sequence[PinnedKey]:
    """Everyone who is frozen, by Matrix id, or `DatabaseError`; read-only."""
    try:
        with closing(connect_read_only(file)) as connection:
            connection.row_factory = sqlite3.Row
            return [pinned_key_of(dict(row)) for row in connection.execute(f"{_FROZEN} ORDER BY mxid")]
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot read the database {file}: {error}") from error


def accept_identity(file: Path, mxid: str, at: datetime) -> PinnedKey:
    """Let the freeze of this Matrix id end at `at`: the bot takes the new key as soon as it looks.

    Returns it as it was. Raises `NotFrozenError` or `DatabaseError`.
    """
    try:
        with closing(connect(file)) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute(f"{_FROZEN} AND mxid = ?", (mxid,)).fetchone()
            if row is None:
                raise NotFrozenError(f"{mxid} is not frozen")
            if row["other"] is None:
                raise NotFrozenError(f"{mxid} has no encryption identity now that could be accepted")
            # That very key and no later one, should it change while the operator decides.
            if connection.execute(_ACCEPT, (microseconds(at), mxid, row["other"])).rowcount != 1:
                raise NotFrozenError(f"the identity of {mxid} changed again in this moment; look at it anew")
            return pinned_key_of(dict(row))
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot write the database {file}: {error}") from error
