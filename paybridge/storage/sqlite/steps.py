"""Writes one step: what it answers, its records, its journals, its posts; all of it or nothing."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from paybridge.services.ports import AlreadyDoneError, OverdraftError, StaleError, StepRefusedError
from paybridge.storage.chain import NO_HASH, link, said_by
from paybridge.storage.kinds import KEY_OF, writing_order
from paybridge.storage.moments import microseconds
from paybridge.storage.rows import row_of
from paybridge.storage.sqlite import statements as sql
from paybridge.storage.sqlite.forgetting import forget
from paybridge.storage.sqlite.mail import finish_letter

if TYPE_CHECKING:
    from paybridge.domain.ledger import Account, Journal
    from paybridge.services.ports import Post, Record, Step
    from paybridge.storage.works import WriteStep

_WRITTEN_BEFORE: Final = ("journal.idem", "post.id", "letter.event")


def write_step(connection: sqlite3.Connection, work: WriteStep, now: int) -> None:
    """Write the step inside the open transaction, or raise why not; the caller rolls back.

    `now` in microseconds. A constraint that refuses shows as `sqlite3.IntegrityError`; see `refusal`.
    """
    step = work.step
    for event in step.done:
        if not finish_letter(connection, event, now):
            raise AlreadyDoneError(event)
    _check_people(connection, step)
    for record in sorted(step.records, key=writing_order):
        _write_record(connection, record)
    for journal in step.journals:
        _write_journal(connection, journal, now)
    for account, currency in step.empties:
        named = (account.owner, account.kind.value, currency)
        _, balance, _ = connection.execute(sql.FIND_ACCOUNT, named).fetchone() or (0, 0, 0)
        if balance:
            raise StaleError(f"there is more in an account of {account.owner} than was known")
    for post in step.posts:
        _write_post(connection, post)
    for person in step.forgets:
        forget(connection, person)


def _check_people(connection: sqlite3.Connection, step: Step) -> None:
    for person in step.unfrozen:
        if connection.execute(sql.FIND_STANDING, (person,)).fetchone() != (None, 0):
            raise StaleError(f"{person} may not pay any more")
    for person in step.alive:
        if connection.execute(sql.FIND_STANDING, (person,)).fetchone()[1]:
            raise StaleError(f"{person} is not there any more")


def refusal(error: sqlite3.IntegrityError) -> StepRefusedError:
    """What a refused constraint means to whoever made the step."""
    told = str(error)
    if error.sqlite_errorname in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}:
        if told.endswith(_WRITTEN_BEFORE):
            return AlreadyDoneError(told)
        return StaleError(told)
    if told.endswith("account_above_floor"):
        return OverdraftError(told)
    if told.endswith(("item_stock", "gig_held")):
        # Somebody else took the last ones: whoever decides again sees that.
        return StaleError(told)
    return StepRefusedError(told)


def _write_record(connection: sqlite3.Connection, record: Record) -> None:
    kind, before = type(record), record.version
    row = row_of(record)
    row["version"] = before + 1
    if before == 0:
        insert = sql.INSERT_OF[kind]
        connection.execute(insert.sql, insert.of(row))
        return
    row["_version"] = before
    update, version = sql.UPDATE_OF[kind], sql.VERSION_OF[kind]
    if connection.execute(update.sql, update.of(row)).rowcount != 1:
        key = row[KEY_OF[kind]]
        if connection.execute(version.sql, version.of(row)).fetchone() == (before,):
            raise StepRefusedError(f"{kind.__name__} {key} keeps its terms")
        raise StaleError(f"{kind.__name__} {key} has left version {before}")


def _write_post(connection: sqlite3.Connection, post: Post) -> None:
    row = {
        "number": None,
        "id": post.id,
        "room": post.room,
        "person": post.person,
        "slot": post.slot,
        "payload": post.payload,
        "created": microseconds(post.created),
        "state": "waiting",
        "event": None,
        "reason": None,
    }
    connection.execute(sql.INSERT_POST.sql, sql.INSERT_POST.of(row))


# ---------------------------------------------------------------- journals


def _write_journal(connection: sqlite3.Connection, journal: Journal, now: int) -> None:
    last, prev_hash = connection.execute(sql.FIND_HEAD).fetchone() or (0, NO_HASH)
    number = last + 1
    row: dict[str, Any] = {
        "id": number,
        "idem": journal.idem,
        "kind": journal.kind,
        "transfer": journal.transfer,
        "created": now,
        "prev_hash": prev_hash,
        "hash": link(prev_hash, said_by(journal, now)),
        "journal": number,
    }
    connection.execute(sql.INSERT_JOURNAL.sql, sql.INSERT_JOURNAL.of(row))
    for place, line in enumerate(journal.lines, start=1):
        account, balance, version = _account(connection, line.account, line.amount.currency)
        entry = {
            "journal": number,
            "line": place,
            "account": account,
            "currency": line.amount.currency,
            "amount": line.amount.minor,
            "balance_after": balance + line.amount.minor,
            "version": version + 1,
        }
        connection.execute(sql.INSERT_ENTRY.sql, sql.INSERT_ENTRY.of(entry))
    connection.execute(sql.INSERT_SEAL.sql, sql.INSERT_SEAL.of(row))


def _account(connection: sqlite3.Connection, account: Account, currency: str) -> tuple[int, int, int]:
    """Row id, balance and version of the account, which is opened if it is not there."""
    named = (account.owner, account.kind.value, currency)
    found: tuple[int, int, int] | None = connection.execute(sql.FIND_ACCOUNT, named).fetchone()
    if found is not None:
        return found
    row = {
        "id": None,
        "owner": account.owner,
        "kind": account.kind.value,
        "currency": currency,
        "balance": 0,
        "floor": None if account.kind.may_be_negative else 0,
        "version": 0,
    }
    opened = connection.execute(sql.INSERT_ACCOUNT.sql, sql.INSERT_ACCOUNT.of(row)).lastrowid
    assert opened is not None  # an insert that does not raise has a row
    return opened, 0, 0
