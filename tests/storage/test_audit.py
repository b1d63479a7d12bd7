"""The audit agrees with sound books, and names the row of any other."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain import ledger
from paybridge.domain import leg as legs
from paybridge.domain.leg import LegHappening, LegKind, LegState
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Step
from paybridge.storage.audit import audit
from paybridge.storage.errors import DatabaseError
from tests.fakes.records import a_booking, a_leg, a_topup, a_transfer, euros, people

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.leg import Leg
    from paybridge.services.ports import Book
    from paybridge.storage.database import Database


ENGINES = ("sqlite",)


def moved(leg: Leg, happening: LegHappening, *, held_before: bool = False) -> Step:
    """The step of one arrow of the leg."""
    after, effect = legs.advance(leg, happening)
    return Step(records=(after,), journals=legs.journals(after, effect, held_before=held_before))


async def go(book: Book, leg: Leg, *happenings: LegHappening, held_before: bool = False) -> None:
    for happening in happenings:
        found = await book.leg_by_reference(leg.id)
        assert found is not None
        await book.commit(moved(found, happening, held_before=held_before))


async def settle(book: Book, name: str, to: TransferState = TransferState.SETTLED) -> None:
    found = await book.transfer(name)
    assert found is not None
    await book.commit(Step(records=(replace(found, state=to),)))


@pytest.fixture
async def busy(database: Database) -> Database:
    """A book with a payment settled, one claimable, a payout held, a collect waiting to be booked."""
    book = database.book
    approved, sums = TransferState.APPROVED, {1: 100, 2: 200, 3: 300, 4: 400, 5: 50}
    pay, claim = a_leg("pay", "PB-1", cents=100), replace(a_leg("claim", "PB-2", cents=200), to_claim=True)
    out = a_leg("out", "PB-3", kind=LegKind.PAYOUT, cents=300, highest_fee=20)
    collect = a_leg("collect", "PB-4", kind=LegKind.COLLECT, cents=400)
    through = a_leg("through", "PB-4", number=2, cents=400)
    back = a_leg("back", "PB-5", kind=LegKind.PAYOUT, cents=50, highest_fee=5)
    await book.commit(
        people("anna", "bob")
        + Step(
            records=(
                *(a_transfer(f"PB-{n}", state=approved, cents=cents) for n, cents in sums.items()),
                *(pay, claim, out, collect, through, back),
            ),
            journals=(a_topup("t/1", "anna", 1000),),
        )
    )
    await go(book, pay, LegHappening.BOOK)
    await settle(book, "PB-1")
    await go(book, claim, LegHappening.BOOK)
    await settle(book, "PB-2", TransferState.CLAIMABLE)
    await go(book, out, LegHappening.RESERVE, LegHappening.PREPARE)
    await go(
        book, collect, LegHappening.RESERVE, LegHappening.PREPARE, LegHappening.EXECUTE, LegHappening.SETTLE
    )
    await go(book, back, LegHappening.RESERVE, LegHappening.REFUSE)
    await settle(book, "PB-5", TransferState.REFUSED)
    return database


def change(database: Database, *statements: str) -> tuple[str, ...]:
    """The audit's problems after these changes behind the guards' back."""
    connection = sqlite3.connect(database.path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert connection.execute(statement).rowcount
    connection.commit()
    connection.close()
    return audit(database.url).problems


A_REQUEST = (
    "INSERT INTO request (id, state, asker, asker_mxid, asked, asked_mxid, amount, currency, room,"
    " created, expires, version)"
    " VALUES ('PB-R', 'open', 'anna', '@a:hs', 'bob', '@b:hs', 9, 'EUR', '!r', 1, 2, 1)"
)


async def test_sound_books_have_no_problems_at_any_point_of_a_payment(busy: Database) -> None:
    book = busy.book
    report = audit(busy.url)

    assert report.problems == ()
    assert (report.journals, report.entries, report.accounts) == (7, 14, 5)
    assert report.totals == {
        ("person", "EUR"): 480,
        ("held", "EUR"): 720,
        ("claimable", "EUR"): 200,
        ("rail_clearing", "EUR"): -1400,
    }
    assert report.clearing == {("bank", "EUR"): -1400}

    found = await book.leg_by_reference("out")
    assert found is not None
    await go(book, found, LegHappening.EXECUTE)
    found = await book.leg_by_reference("out")
    assert found is not None
    await book.commit(moved(replace(found, fee=euros(7)), LegHappening.SETTLE))
    await settle(book, "PB-3")
    through = await book.leg_by_reference("through")
    assert through is not None
    await book.commit(moved(through, LegHappening.BOOK, held_before=True))
    await settle(book, "PB-4")

    assert audit(busy.url).problems == ()
    assert audit(busy.url).clearing == {("bank", "EUR"): -1400 + 307}


async def test_an_empty_book_is_sound(database: Database) -> None:
    report = audit(database.url)

    assert report.problems == ()
    assert report.head == "00" * 32


async def test_the_head_changes_with_every_journal(book: Book, database: Database) -> None:
    heads = set()
    for number in range(3):
        await book.commit(Step(journals=(a_topup(f"t/{number}", "anna", 1),)))
        heads.add(audit(database.url).head)

    assert len(heads) == 3


async def test_several_currencies_in_one_journal_are_summed_apart(book: Book, database: Database) -> None:
    yen = ledger.move(
        "x", "x", "x", Money(9, "JPY"), giver=ledger.clearing("bank"), taker=ledger.person("anna")
    )
    both = replace(yen, lines=yen.lines + a_topup("y", "anna", 5).lines)
    await book.commit(Step(journals=(both,)))

    assert audit(database.url).problems == ()
    assert audit(database.url).totals["person", "JPY"] == 9


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["UPDATE account SET balance = balance + 1 WHERE owner = 'bob'"], "account 3: has 101"),
        (["UPDATE account SET version = 9 WHERE owner = 'bob'"], "account 3: is at version 9"),
        (["UPDATE journal SET created = created + 1 WHERE id = 2"], "journal 2: its hash"),
        (["UPDATE journal SET transfer = 'PB-9' WHERE id = 2"], "journal 2: its hash"),
        (
            ["UPDATE account SET owner = 'mallory' WHERE owner = 'bob' AND kind = 'person'"],
            "journal 2: its hash",
        ),
        (
            ["UPDATE entry SET amount = amount + 1 WHERE journal = 2 AND line = 2"],
            "journal 2: does not balance",
        ),
        (
            [
                "UPDATE entry SET amount = 150, balance_after = 150 WHERE journal = 2 AND line = 2",
                "UPDATE entry SET amount = -150, balance_after = 850 WHERE journal = 2 AND line = 1",
            ],
            "journal 2: its hash",
        ),
        (["UPDATE entry SET balance_after = 1 WHERE journal = 2 AND line = 2"], "entry 2/2: says 1 is left"),
        (["DELETE FROM entry WHERE journal = 2"], "journal 2: does not balance"),
        (["DELETE FROM journal WHERE id = 2"], "entry 2/1: belongs to no journal"),
        (
            ["DELETE FROM journal WHERE id = 2", "DELETE FROM entry WHERE journal = 2"],
            "journal 3: stands at place 2",
        ),
        (["UPDATE journal SET prev_hash = hash WHERE id = 7"], "journal 7: does not follow"),
        (["DELETE FROM seal WHERE journal = 1"], "journal 1: points to no seal"),
        (
            ["UPDATE leg SET state = 'unsure' WHERE id = 'pay'"],
            "leg pay: its journal book should move nothing",
        ),
        (
            ["UPDATE leg SET amount = 99 WHERE id = 'pay'"],
            "leg pay: its journal book should move 99 and moves 100",
        ),
        (
            ["UPDATE leg SET state = 'refused' WHERE id = 'out'"],
            "leg out: its journal release should move 320",
        ),
        (["UPDATE leg SET state = 'refused' WHERE id = 'out'"], "account held of anna in EUR: holds 720"),
        (
            ["UPDATE leg SET state = 'settled' WHERE id = 'through'"],
            "leg through: its journal book should move 400",
        ),
        (
            ["UPDATE transfer SET state = 'cancelled' WHERE id = 'PB-3'"],
            "leg out: is prepared while transfer PB-3",
        ),
        (
            ["UPDATE transfer SET state = 'settled' WHERE id = 'PB-3'"],
            "leg out: is prepared while transfer PB-3",
        ),
        (
            ["UPDATE transfer SET state = 'claimed' WHERE id = 'PB-2'"],
            "account claimable of bob in EUR: holds 200",
        ),
        (["DELETE FROM leg WHERE id = 'pay'"], "transfer PB-1: is settled and has no leg"),
        (
            ["UPDATE transfer SET refunded = 1 WHERE id = 'PB-1'"],
            "transfer PB-1: says that 1 was refunded, and its refunds sum to 0",
        ),
        (
            ["UPDATE transfer SET state = 'reversed' WHERE id = 'PB-1'"],
            "transfer PB-1: is reversed and none of its legs is",
        ),
        (
            [
                "UPDATE transfer SET bundle = 'PB-9'",
                "UPDATE transfer SET state = 'expired' WHERE id = 'PB-5'",
            ],
            "bundle PB-9: some of its payments were approved and others were not",
        ),
        (
            [A_REQUEST, "UPDATE request SET paid = 5"],
            "request PB-R: says that 5 was paid, and its payments sum to 0",
        ),
        ([A_REQUEST, "UPDATE request SET state = 'paid'"], "request PB-R: is paid, and 0 of 9 was paid"),
        (
            ["UPDATE leg SET state = 'suspended' WHERE id = 'out'"],
            "leg out: its journal suspend should move",
        ),
        (
            ["UPDATE leg SET state = 'reversed', taken_back = 1 WHERE id = 'out'"],
            "leg out: its journal reversal should move 1 and moves nothing",
        ),
        (
            ["UPDATE leg SET state = 'reversed', taken_back = 1 WHERE id = 'out'"],
            "leg out: is reversed while transfer PB-3",
        ),
    ],
)
async def test_a_row_changed_by_hand_is_named(busy: Database, statements: list[str], named: str) -> None:
    problems = change(busy, *statements)

    assert any(problem.startswith(named) for problem in problems), problems


async def test_a_payout_booked_with_another_fee_is_named(busy: Database) -> None:
    out = await busy.book.leg_by_reference("out")
    assert out is not None
    await go(busy.book, out, LegHappening.EXECUTE)
    out = await busy.book.leg_by_reference("out")
    assert out is not None
    step = moved(replace(out, fee=euros(7)), LegHappening.SETTLE)
    await busy.book.commit(replace(step, records=(replace(out, fee=euros(9), state=LegState.SETTLED),)))

    assert "journal out/payout: 307 went through the rail, the leg says 309" in audit(busy.url).problems


async def test_a_journal_without_any_payment_is_let_be(book: Book, database: Database) -> None:
    await book.commit(Step(journals=(a_topup("t/1", "anna", 5), a_booking("correction", "anna", "bob", 5))))

    assert audit(database.url).problems == ()


def test_what_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot audit") as refused:
        audit(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}")
    assert "\n" not in str(refused.value)


async def test_the_audit_changes_nothing_in_a_closed_book(busy: Database) -> None:
    await busy.close()
    before = busy.path.read_bytes()

    assert audit(busy.url).problems == ()
    assert busy.path.read_bytes() == before
