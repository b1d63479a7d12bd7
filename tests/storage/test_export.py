"""Exported books are judged by other bookkeepers' programs, which refuse a copy that is off by one cent."""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.domain import ledger
from paybridge.domain.ledger import Account, AccountKind, Journal, Line
from paybridge.domain.money import Money
from paybridge.services.ports import Step
from paybridge.storage.errors import DatabaseError
from paybridge.storage.export import FORMATS, Period, export
from paybridge.storage.export import books as exported
from paybridge.storage.export.books import EVER
from paybridge.storage.export.names import account_name
from tests.fakes.records import a_booking, a_topup

if TYPE_CHECKING:
    from paybridge.storage.database import Database
    from tests.fakes.database import StoodClock

BEAN_CHECK = str(Path(sys.executable).with_name("bean-check"))


@pytest.fixture
async def books(database: Database) -> Database:
    """One journal of each shape: several currencies, fees, every kind of account, awkward names."""
    yen, dinar = Money(500, "JPY"), Money(12_345, "KWD")
    every = [
        Line(Account(owner, kind), Money(minor, "EUR"))
        for owner, kind, minor in (
            ("bank", AccountKind.RAIL_CLEARING, -1005),
            ("0f3a-9", AccountKind.PERSON, 400),
            ("0F3A-9", AccountKind.HELD, 300),
            ("bob", AccountKind.CLAIMABLE, 200),
            ("house", AccountKind.FEE, 5),
            ("house", AccountKind.EQUITY, 90),
            ("=HYPERLINK()", AccountKind.SUSPENSE, 10),
            ("house", AccountKind.RECEIVABLE, 0),
        )
        if minor
    ]
    await database.book.commit(
        Step(
            journals=(
                a_topup("t/1", "anna", 1000),
                a_booking("b/1", "anna", "bob", 350),
                Journal("every/1", "mixed", 'PB-"1"', tuple(every)),
                ledger.move(
                    "y", "topup", "PB-2", yen, giver=ledger.clearing("bank"), taker=ledger.person("anna")
                ),
                ledger.move(
                    "k", "topup", "PB-3", dinar, giver=ledger.clearing("bank"), taker=ledger.person("b")
                ),
                ledger.move("=1+1", "x", "@cmd", yen, giver=ledger.person("anna"), taker=ledger.held("anna")),
            )
        )
    )
    return database


async def lines_of(database: Database, form: str, period: Period = EVER) -> list[str]:
    return await asyncio.to_thread(lambda: list(export(database.url, form, period)))


async def written(database: Database, form: str, folder: Path, period: Period = EVER) -> Path:
    file = folder / f"books.{form}"
    file.write_text("\n".join(await lines_of(database, form, period)) + "\n", encoding="utf-8")
    return file


def judged(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the judge that we installed
        [str(part) for part in command], capture_output=True, text=True, check=False, timeout=60
    )


def off_by_one(file: Path, what: str, other: str) -> Path:
    """A copy in which the last place that says `what` says something else."""
    head, found, tail = file.read_text(encoding="utf-8").rpartition(what)
    assert found
    copy = file.with_name(f"off-{file.name}")
    copy.write_text(head + other + tail, encoding="utf-8")
    return copy


async def test_bean_check_accepts_the_books(books: Database, tmp_path: Path) -> None:
    verdict = judged(BEAN_CHECK, await written(books, "beancount", tmp_path))

    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("10.00 EUR\n", "10.01 EUR\n"),
        ("-500 JPY\n", "-501 JPY\n"),
        ("12.345 KWD\n", "12.346 KWD\n"),
        ("~ 0 EUR", "~ 0 JPY"),
    ],
)
async def test_bean_check_refuses_a_copy_that_is_off(
    books: Database, tmp_path: Path, what: str, other: str
) -> None:
    copy = off_by_one(await written(books, "beancount", tmp_path), what, other)
    verdict = judged(BEAN_CHECK, copy)

    assert verdict.returncode == 1
    assert f"{copy.name}:" in verdict.stdout + verdict.stderr, "it names the line"


async def test_bean_check_refuses_a_balance_that_the_entries_do_not_give(
    books: Database, tmp_path: Path
) -> None:
    file = await written(books, "beancount", tmp_path)
    told = [
        line.split() for line in file.read_text().splitlines() if "balance Liabilities:Person:Anna" in line
    ]
    (amount,) = (words[3] for words in told if words[-1] == "EUR")
    verdict = judged(BEAN_CHECK, off_by_one(file, f"Anna {amount} ~", f"Anna {amount[:-1]}1 ~"))

    assert verdict.returncode == 1
    assert "Balance failed" in verdict.stdout + verdict.stderr


async def test_hledger_accepts_the_books_and_refuses_a_copy_that_is_off(
    books: Database, tmp_path: Path
) -> None:
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("HLEDGER IS NOT INSTALLED: its judge is in the Debian package hledger")
    file = await written(books, "hledger", tmp_path)
    sound = judged(hledger, "-f", file, "check", "--strict")
    off = judged(hledger, "-f", off_by_one(file, " 0.00 EUR = ", " 0.01 EUR = "), "check")

    assert (sound.returncode, sound.stderr) == (0, "")
    assert off.returncode == 1


async def test_the_table_gives_back_every_line_in_the_ledgers_signs(books: Database, tmp_path: Path) -> None:
    with (await written(books, "csv", tmp_path)).open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert [(row["account"], row["owner"], row["amount"], row["currency"]) for row in rows[:2]] == [
        ("rail_clearing", "bank", "-10.00", "EUR"),
        ("person", "anna", "10.00", "EUR"),
    ]
    assert len(rows) == 2 + 2 + 7 + 2 + 2 + 2
    texts = [row[name] for row in rows for name in ("kind", "transfer", "key", "account", "owner")]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    assert {"'=1+1", "'@cmd", "'=HYPERLINK()"} <= set(texts)


@pytest.mark.parametrize("form", FORMATS)
async def test_the_same_books_are_the_same_file(books: Database, form: str) -> None:
    assert await lines_of(books, form) == await lines_of(books, form)


@pytest.mark.parametrize("form", FORMATS)
async def test_empty_books_can_be_exported(database: Database, form: str) -> None:
    assert not [line for line in await lines_of(database, form) if "20" in line]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "books.db"
    file.write_text("not a database, but long enough to be one " * 50)

    with pytest.raises(DatabaseError, match="cannot export"):
        list(export(f"sqlite+aiosqlite:///{file}", "csv"))


def test_no_two_accounts_have_one_name() -> None:
    owners = ["a", "A", "a-", "a--", "x-41-", "-41-", "é", "0", "a b", "a_b", "X", "x"]
    names = [account_name(exported.Account("person", owner)) for owner in owners]

    assert len(set(names)) == len(owners)


def test_a_ledger_of_any_length_is_read_row_by_row() -> None:
    asked: list[int] = []

    def rows(_: str, *_facts: str | int) -> Any:  # noqa: ANN401 - an iterator of tuples
        for number in range(1, 1000):
            for line in (1, 2):
                asked.append(number)
                yield (number, 0, "book", "PB", f"j/{number}", "person", f"p{line}", "EUR", 3 - 2 * line)

    first = next(exported.Books(rows).bookings())

    assert first.number == 1
    assert max(asked) <= 2


# ---------------------------------------------------------------- periods

FIRST, MIDDLE = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
async def days(books: Database, clock: StoodClock) -> Database:
    """The books of 2 March, and bookings in the first and last instant of the 3rd and on the 5th."""
    for at in (datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 3, 23, 59, 59, 999_999, tzinfo=UTC)):
        clock.at = at
        await books.book.commit(Step(journals=(a_booking(f"d/{at:%H}", "anna", "bob", 100),)))
    clock.at = datetime(2026, 3, 5, 12, tzinfo=UTC)
    await books.book.commit(Step(journals=(a_topup("d/5", "anna", 10_000),)))
    return books


PERIODS = [
    Period(FIRST, FIRST),
    Period(MIDDLE, MIDDLE),
    Period(MIDDLE, None),
    Period(None, MIDDLE),
    Period(date(2026, 3, 4), date(2026, 3, 4)),
    Period(date(2026, 4, 1), None),
    Period(date(2020, 1, 1), date(2020, 1, 2)),
]


@pytest.mark.parametrize("period", PERIODS)
async def test_bean_check_accepts_every_period(days: Database, tmp_path: Path, period: Period) -> None:
    verdict = judged(BEAN_CHECK, await written(days, "beancount", tmp_path, period))

    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


@pytest.mark.parametrize("period", PERIODS)
async def test_hledger_accepts_every_period(days: Database, tmp_path: Path, period: Period) -> None:
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("HLEDGER IS NOT INSTALLED: its judge is in the Debian package hledger")
    verdict = judged(hledger, "-f", await written(days, "hledger", tmp_path, period), "check", "--strict")

    assert (verdict.returncode, verdict.stderr) == (0, "")


async def test_an_opening_balance_that_is_off_by_a_cent_is_refused(days: Database, tmp_path: Path) -> None:
    file = await written(days, "beancount", tmp_path, Period(MIDDLE, MIDDLE))
    told = file.read_text()
    file.write_text(told.replace(" 20.05 EUR", " 20.06 EUR", 1))

    assert " 20.05 EUR" in told, "what the bank held on the morning of that day"
    assert judged(BEAN_CHECK, file).returncode == 1


async def test_a_period_has_its_days_to_the_last_instant_and_no_others(days: Database) -> None:
    table = list(csv.DictReader(await lines_of(days, "csv", Period(MIDDLE, MIDDLE))))
    whole = list(csv.DictReader(await lines_of(days, "csv")))

    assert {row["key"] for row in table} == {"", "d/00", "d/23"}
    assert {row["time"] for row in table if not row["key"]} == {"2026-03-03T00:00:00+00:00"}
    opening = {
        (row["account"], row["owner"], row["currency"]): row["amount"] for row in table if not row["key"]
    }
    assert opening["person", "anna", "EUR"] == "6.50"
    assert opening["rail_clearing", "bank", "EUR"] == "-20.05"
    assert "d/5" in {row["key"] for row in whole}
    assert "opening" not in {row["kind"] for row in whole}
