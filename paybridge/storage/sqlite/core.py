"""The writer's core, a plain function: works in one transaction, each with an outcome of its own."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, Self

from paybridge.failpoints import failpoint
from paybridge.storage.sqlite import mail
from paybridge.storage.sqlite.steps import refusal, write_step
from paybridge.storage.works import (
    BindSeen,
    Failed,
    FinishLetter,
    KeepVaultCheck,
    KeepWrappedKeys,
    MarkSent,
    ReceiveLetters,
    Remember,
    SetAside,
    WriteStep,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from paybridge.storage.works import Answer, Work

_WRITE: Final[Mapping[type[Work], Any]] = {
    WriteStep: write_step,
    ReceiveLetters: mail.receive,
    FinishLetter: mail.finish,
    MarkSent: mail.mark_sent,
    SetAside: mail.set_aside,
    Remember: mail.remember,
    BindSeen: mail.bind_seen,
    KeepVaultCheck: mail.keep_vault_check,
    KeepWrappedKeys: mail.keep_wrapped_keys,
}
"""How each work is written: a function of the connection, the work, and the time in microseconds."""


def apply_all(connection: sqlite3.Connection, works: Sequence[Work], now: int) -> list[Answer | Failed]:
    """Write the works in one transaction and commit; a refused one leaves no trace, and the others stand.

    `now` in microseconds. Any `sqlite3.Error` that comes out of here means that nothing was committed.
    """
    outcomes = _apply_if_none_fails(connection, works, now)
    if outcomes is None:
        outcomes = _apply_one_by_one(connection, works, now)
    return outcomes


def _apply_if_none_fails(
    connection: sqlite3.Connection, works: Sequence[Work], now: int
) -> list[Answer | Failed] | None:
    """All works without a savepoint, which costs a third of the time; None if one fails among others."""
    with _Transaction(connection) as transaction:
        outcomes: list[Answer | Failed] = []
        for work in works:
            outcome = _attempt(connection, work, now)
            if isinstance(outcome, Failed):
                transaction.undo()
                return [outcome] if len(works) == 1 else None
            outcomes.append(outcome)
        return outcomes


def _apply_one_by_one(
    connection: sqlite3.Connection, works: Sequence[Work], now: int
) -> list[Answer | Failed]:
    with _Transaction(connection):
        return [_attempt_under_savepoint(connection, work, now) for work in works]


class _Transaction:
    """Commits in the end, and undoes everything when something comes out of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        self._connection.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            self.undo()
        elif self._connection.in_transaction:
            try:
                failpoint("storage.before_commit")
                self._connection.execute("COMMIT")
                failpoint("storage.after_commit")
            except BaseException:
                self.undo()
                raise

    def undo(self) -> None:
        # A full disk may have rolled back by itself.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _attempt_under_savepoint(connection: sqlite3.Connection, work: Work, now: int) -> Answer | Failed:
    connection.execute("SAVEPOINT work")
    outcome = _attempt(connection, work, now)
    if isinstance(outcome, Failed):
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")
    return outcome


def _attempt(connection: sqlite3.Connection, work: Work, now: int) -> Answer | Failed:
    try:
        answer: Answer = _WRITE[type(work)](connection, work, now)
    except sqlite3.IntegrityError as error:
        return Failed(refusal(error))
    except (sqlite3.DataError, sqlite3.ProgrammingError) as error:
        return Failed(error)
    except sqlite3.DatabaseError:
        raise  # the database itself is in trouble, and so is everyone in this transaction
    except Exception as error:  # noqa: BLE001 - handed to the caller whose work it was; the others go on
        return Failed(error)
    return answer
