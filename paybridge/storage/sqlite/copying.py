"""A copy of the books while they are in use, and what makes a copy safe to go on from."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from paybridge.domain.leg import OPEN_LEG_STATES
from paybridge.services.after_restore import MARKER, Restored
from paybridge.storage.columns import in_list
from paybridge.storage.errors import DatabaseError
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.sqlite.connection import connect, connect_read_only, create_file
from paybridge.storage.sqlite.schema import check_guards, upgrade

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_PAGES_AT_ONCE: Final = 512

_OPEN: Final = in_list("state", OPEN_LEG_STATES)

# Since the copy was made, people may have approved the cards, got the answers and seen the messages that lie
# in it: none of them counts again. What rails were doing is asked about at once.
_GO_ON: Final = (
    "DELETE FROM memory WHERE name = 'sync_token' OR name LIKE 'sync_token/%'",
    # What was compared with the rails' statements until then: the next time everything is.
    "DELETE FROM memory WHERE name LIKE 'statement/%'",
    """
    UPDATE transfer SET expires = :now, version = version + 1
    WHERE state = 'awaiting_approval' AND expires > :now
    """,
    # Operators may have stopped since then what waits in it, or it was done.
    """
    UPDATE motion SET state = 'stopped', ended = :now, ended_by = 'restore', version = version + 1
    WHERE state = 'waiting'
    """,
    "UPDATE letter SET done = 1, payload = x'' WHERE done = 0",
    "UPDATE post SET state = 'aside', reason = 'restored' WHERE state = 'waiting'",
    f"UPDATE leg SET due = :now, version = version + 1 WHERE due IS NOT NULL AND {_OPEN}",  # noqa: S608 - our states
)

_LAST_KNOWN: Final = """
    SELECT max(
        (SELECT coalesce(max(created), 0) FROM journal),
        (SELECT coalesce(max(max(created, coalesce(updated, 0))), 0) FROM transfer),
        (SELECT coalesce(max(received), 0) FROM letter)
    )
"""


def copy_books(path: Path, to: Path) -> None:
    """Copy the database as it is at one moment, whoever writes meanwhile, or `DatabaseError`."""
    try:
        create_file(to)
        with closing(connect_read_only(path)) as source, closing(sqlite3.connect(to)) as target:
            # One read transaction: a writer's next commit does not make the copy begin again.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=_PAGES_AT_ONCE, sleep=0)
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot copy the database {path}: {error}") from error


def make_fit(path: Path, now: datetime) -> None:
    """Bring a copy to the newest migration, prove its guards, and let nothing in it happen a second time.

    It remembers that it was restored, until each rail has told what it did since the copy was made. Raises
    `DatabaseError`.
    """
    try:
        with closing(connect(path)) as connection:
            upgrade(connection)
            check_guards(connection)
            connection.execute("BEGIN IMMEDIATE")
            for statement in _GO_ON:
                connection.execute(statement, {"now": microseconds(now)} if ":now" in statement else {})
            marker = Restored(moment(connection.execute(_LAST_KNOWN).fetchone()[0]), now).written()
            connection.execute("INSERT OR REPLACE INTO memory (name, value) VALUES (?, ?)", (MARKER, marker))
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot use the restored database: {error}") from error
