"""The database itself refuses what breaks the books, whoever asks it to."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain.one_time_link import OneTimeLink, Purpose
from paybridge.domain.passkey import PasskeyState
from paybridge.domain.pinning import PinnedKey
from paybridge.domain.policy import Policy, RoomPolicy
from paybridge.domain.spoken import Origin
from paybridge.domain.webhook import webhook
from paybridge.services.ports import Letter, Post, Step
from paybridge.storage.sqlite.connection import connect
from tests.fakes.database import START
from tests.fakes.records import (
    a_booking,
    a_ceremony,
    a_leg,
    a_passkey,
    a_request,
    a_topup,
    a_transfer,
    people,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.storage.database import Database


ENGINES = ("sqlite",)


@pytest.fixture
async def raw(database: Database) -> AsyncIterator[sqlite3.Connection]:
    """A connection as the writer's, to a book of two journals; account 1 is the bank's, 2 Anna's, 3 Bob's."""
    step = people("anna", "bob") + Step(
        records=(
            a_request("r1"),
            a_transfer("PB-1", request="r1"),
            a_leg("l1", "PB-1"),
            RoomPolicy("!room:test", Policy()),
            PinnedKey("@anna:test", "first"),
            Origin("PB-1", "$1"),
            webhook("bank", "evt_1", "l1", b"{}", START),
            a_passkey("removed", state=PasskeyState.REMOVED),
            a_passkey("suspect", state=PasskeyState.SUSPECT),
            a_ceremony("challenge", used=True),
            OneTimeLink("a" * 64, "anna", Purpose.APPROVE, "PB-1", START, used=True),
        ),
        journals=(a_topup("t/1", "anna", 500), a_booking("b/1", "anna", "bob", 200)),
        posts=(Post("p1", "!room:test", None, None, b"sealed", START),),
        done=("$done",),
    )
    await database.book.commit(step)
    await database.mailbox.receive([Letter("$1", "!room:test", "@anna:test", START, b"sealed")], "s1")
    await database.mailbox.first_seen("key", "$1")
    await database.mailbox.sent("p1", "$sent", "!room:test")
    connection = connect(database.path)
    yield connection
    connection.close()


def journal(
    raw: sqlite3.Connection, number: int = 3, idem: str = "x", prev_hash: bytes | None = None
) -> None:
    (head,) = raw.execute("SELECT hash FROM journal ORDER BY id DESC LIMIT 1").fetchone()
    raw.execute(
        "INSERT INTO journal (id, idem, kind, transfer, created, prev_hash, hash)"
        " VALUES (?, ?, 'book', 'PB', 1, ?, ?)",
        (number, idem, head if prev_hash is None else prev_hash, bytes([number]) * 32),
    )


def entry(
    raw: sqlite3.Connection, line: int, of: int, minor: int, *, number: int = 3, **wrong: object
) -> None:
    currency, balance, version = raw.execute(
        "SELECT currency, balance, version FROM account WHERE id = ?", (of,)
    ).fetchone()
    row = {
        "journal": number,
        "line": line,
        "account": of,
        "currency": currency,
        "amount": minor,
        "balance_after": balance + minor,
        "version": version + 1,
    } | wrong
    raw.execute(
        "INSERT INTO entry VALUES (:journal, :line, :account, :currency, :amount, :balance_after, :version)",
        row,
    )


def seal(raw: sqlite3.Connection, number: int = 3) -> None:
    raw.execute("INSERT INTO seal VALUES (?)", (number,))


def test_a_balanced_journal_by_hand_is_taken(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)
    entry(raw, 1, 2, -300)
    entry(raw, 2, 3, 300)
    seal(raw)
    raw.execute("COMMIT")

    assert raw.execute("SELECT balance FROM account WHERE id IN (2, 3)").fetchall() == [(0,), (500,)]


def test_an_unbalanced_journal_is_refused(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)
    entry(raw, 1, 2, -300)
    entry(raw, 2, 3, 299)

    with pytest.raises(sqlite3.IntegrityError, match="does not balance"):
        seal(raw)


def test_a_journal_of_fewer_than_two_lines_is_refused(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)

    with pytest.raises(sqlite3.IntegrityError, match="two lines"):
        seal(raw)


def test_a_journal_that_nobody_sealed_is_not_committed(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)
    entry(raw, 1, 2, -300)

    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        raw.execute("COMMIT")
    raw.execute("ROLLBACK")
    assert raw.execute("SELECT count(*) FROM journal").fetchone() == (2,)


def test_an_overdraft_is_refused(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)

    with pytest.raises(sqlite3.IntegrityError, match="account_above_floor"):
        entry(raw, 1, 2, -301)


@pytest.mark.parametrize(
    "wrong", [{"currency": "JPY"}, {"balance_after": 999}, {"version": 7}, {"account": 99}]
)
def test_an_entry_that_does_not_follow_from_its_account_is_refused(
    raw: sqlite3.Connection, wrong: dict[str, Any]
) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)

    with pytest.raises(sqlite3.IntegrityError, match="does not follow"):
        entry(raw, 1, 2, -300, **wrong)


@pytest.mark.parametrize("amount", [0, 10**15 + 1, 0.5, "much"])
def test_an_amount_that_is_none_is_refused(raw: sqlite3.Connection, amount: object) -> None:
    raw.execute("BEGIN IMMEDIATE")
    journal(raw)

    with pytest.raises(sqlite3.IntegrityError):
        entry(raw, 1, 1, 0, amount=amount)


def test_a_late_entry_into_an_old_journal_is_refused(raw: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="is sealed"):
        entry(raw, 3, 3, 100, number=1)


def test_a_replayed_idempotency_key_is_refused(raw: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"journal\.idem"):
        journal(raw, idem="t/1")


def test_the_chain_has_no_forks_and_no_gaps(raw: sqlite3.Connection) -> None:
    (first,) = raw.execute("SELECT hash FROM journal WHERE id = 1").fetchone()
    for wrong in ({"prev_hash": first}, {"prev_hash": bytes(32)}, {"number": 9}, {"number": 0}):
        with pytest.raises(sqlite3.IntegrityError, match="head of the chain"):
            journal(raw, **wrong)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET amount = amount + 1",
        "UPDATE entry SET amount = amount WHERE journal = 1",
        "DELETE FROM entry WHERE journal = 2",
        "REPLACE INTO entry SELECT * FROM entry WHERE journal = 2 AND line = 1",
        "UPDATE journal SET created = 0",
        "UPDATE journal SET hash = zeroblob(32) WHERE id = 1",
        "DELETE FROM journal WHERE id = 2",
        "UPDATE OR REPLACE journal SET id = 1 WHERE id = 2",
        "REPLACE INTO journal SELECT * FROM journal WHERE id = 2",
        "DELETE FROM seal",
        "UPDATE seal SET journal = 9",
        "REPLACE INTO seal VALUES (1)",
        "UPDATE account SET balance = balance + 1 WHERE id = 2",
        "UPDATE account SET balance = 1000000, version = version + 1 WHERE id = 2",
        "UPDATE account SET balance = 0, version = version + 1 WHERE id = 2",
        "UPDATE account SET version = version + 1",
        "UPDATE account SET version = 1, balance = 500 WHERE id = 2",
        "UPDATE account SET owner = 'mallory' WHERE id = 2",
        "UPDATE account SET floor = NULL WHERE id = 2",
        "UPDATE account SET currency = 'KWD' WHERE id = 2",
        "UPDATE account SET id = 9 WHERE id = 2",
        "UPDATE account SET rowid = 9 WHERE id = 2",
        "UPDATE account SET currency = 'KWD', balance = balance, version = version WHERE id = 2",
        "DELETE FROM account WHERE id = 2",
        "REPLACE INTO account SELECT id, owner, kind, currency, 9, floor, version FROM account WHERE id = 2",
        "REPLACE INTO account SELECT id, owner, kind, currency, 0, floor, 0 FROM account WHERE id = 2",
        "INSERT INTO account VALUES (9, 'mallory', 'person', 'EUR', 100, 0, 0)",
        "INSERT INTO account VALUES (9, 'mallory', 'person', 'EUR', 0, NULL, 0)",
        "INSERT INTO account VALUES (9, 'mallory', 'rail_clearing', 'EUR', 0, 0, 0)",
        "INSERT INTO account VALUES (9, 'mallory', 'treasure', 'EUR', 0, 0, 0)",
        "UPDATE transfer SET amount = 1",
        "UPDATE transfer SET payer = 'bob'",
        "UPDATE transfer SET state = 'under way'",
        "DELETE FROM transfer",
        "REPLACE INTO transfer SELECT * FROM transfer",
        "UPDATE leg SET amount = 1",
        "UPDATE leg SET rail = 'other'",
        "DELETE FROM leg",
        "UPDATE request SET amount = 1",
        "DELETE FROM request",
        "DELETE FROM person WHERE id = 'anna'",
        "UPDATE letter SET done = 0 WHERE event = '$done'",
        "UPDATE letter SET done = 1 WHERE event = '$1'",
        "DELETE FROM letter",
        "UPDATE post SET state = 'waiting'",
        "DELETE FROM post",
        "UPDATE seen SET event = '$2'",
        "DELETE FROM seen",
        "REPLACE INTO seen VALUES ('key', '$2')",
        "INSERT INTO vault_check VALUES (2, x'00')",
        "DELETE FROM room_policy",
        "UPDATE origin SET event = '$2'",
        "DELETE FROM origin",
        "UPDATE webhook SET id = 'evt_2'",
        "DELETE FROM webhook",
        "UPDATE passkey SET public_key = x'00'",
        "UPDATE passkey SET person = 'bob'",
        "UPDATE passkey SET sign_count = 4",
        "UPDATE passkey SET state = 'active'",
        "UPDATE passkey SET state = 'suspect' WHERE id = 'removed'",
        "DELETE FROM passkey",
        "UPDATE ceremony SET used = 0",
        "UPDATE ceremony SET bound = 'another payment'",
        "UPDATE ceremony SET expires = expires + 1",
        "DELETE FROM ceremony",
        "UPDATE one_time_link SET used = 0",
        "UPDATE one_time_link SET person = 'bob'",
        "UPDATE one_time_link SET expires = expires + 1",
        "DELETE FROM one_time_link",
        "DELETE FROM pinned_key",
        "UPDATE pinned_key SET until = 1",
        "UPDATE pinned_key SET since = 1, until = 1",
    ],
)
def test_a_change_behind_the_books_back_is_refused(raw: sqlite3.Connection, change: str) -> None:
    before = list(raw.iterdump())

    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(change)
    assert list(raw.iterdump()) == before
