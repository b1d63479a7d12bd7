"""The bank's books: whatever happens, money only moves."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paybridge.bank import BankOptions, execution, ledger, links, orders
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.schemes import SCHEMES
from paybridge.bank.scripts import ORDINARY, SCRIPTED, Direction
from paybridge.bank.store import Store
from tests.bank.bank_client import KEY, BankClient, MovableClock

LINKABLE = [script.iban for script in (ORDINARY, *SCRIPTED) if script.can_be_linked]
AMOUNTS = st.one_of(st.integers(1, 2_000_00), st.just(1_000_01))


@contextmanager
def books_of(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "bank.sqlite3")) as books:
        books.row_factory = sqlite3.Row
        yield books


def check_books(books: sqlite3.Connection) -> None:
    """Entries sum to zero, balances are the sums of their entries, and only the world owes."""
    balances = {row["id"]: row for row in books.execute("SELECT id, kind, balance FROM account")}
    sums = dict(books.execute("SELECT account, sum(amount) FROM entry GROUP BY account").fetchall())

    assert sum(sums.values()) == 0
    assert {number: row["balance"] for number, row in balances.items()} == {
        number: sums.get(number, 0) for number in balances
    }
    assert [row["kind"] for row in balances.values() if row["balance"] < 0] in ([], ["world"])


Operation = tuple[str, str, Direction, int]
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "pay", "pay", "replay", "cancel", "wait", "unlink"]),
        st.sampled_from(LINKABLE),
        st.sampled_from(Direction),
        AMOUNTS,
    ),
    max_size=15,
)


class Play:
    """One history of a bank, played without HTTP."""

    def __init__(self, folder: Path, fees: tuple[int, int]) -> None:
        self.store = Store(folder)
        self.clock = MovableClock()
        self.options = BankOptions(
            data=folder, api_key=KEY, collect_fee_minor=fees[0], payout_fee_minor=fees[1]
        )
        self.made = 0
        self.links: dict[str, str] = {}
        self.commands: list[execution.Command] = []

    def desk(self, books: sqlite3.Connection) -> Desk:
        return Desk(books, self.clock(), self.new_id, lambda: "4821", self.options)

    def new_id(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def begin(self, books: sqlite3.Connection) -> None:
        ledger.open_own_accounts(books, SCHEMES[0], 500_00, self.desk(books).at)
        for iban in LINKABLE:
            self.link(self.desk(books), iban)

    def link(self, desk: Desk, iban: str) -> None:
        self.links[iban] = str(links.make(desk, {"iban": iban})["id"])
        links.verify(desk, self.links[iban], "4821")

    def play(self, operation: Operation, books: sqlite3.Connection) -> None:
        kind, iban, direction, amount = operation
        desk = self.desk(books)
        if kind == "pay":
            wish = orders.Wish(self.new_id("R"), direction, self.links[iban], amount, "EUR", "")
            order, _ = orders.prepare(desk, wish)
            self.commands.append(execution.Command(order["id"], self.new_id("key"), amount % 12))
            execution.execute(desk, self.commands[-1])
        elif kind == "replay" and self.commands:
            self.replay(desk)
        elif kind == "cancel" and self.commands:
            orders.cancel(desk, self.commands[-1].order)
        elif kind == "wait":
            self.clock.move(seconds=2)
            execution.settle_due(self.desk(books))
        elif kind == "unlink":
            links.remove(desk, self.links[iban])
            self.link(desk, iban)

    def replay(self, desk: Desk) -> None:
        before = desk.books.execute("SELECT count(*) FROM movement").fetchone()[0]
        execution.execute(desk, self.commands[0])

        assert desk.books.execute("SELECT count(*) FROM movement").fetchone()[0] == before


@settings(max_examples=40)
@given(operations=OPERATIONS, fees=st.tuples(st.integers(0, 12), st.integers(0, 12)))
def test_the_books_sum_to_zero_after_every_step_of_any_history(
    operations: list[Operation], fees: tuple[int, int]
) -> None:
    async def history(folder: Path) -> None:
        play = Play(folder, fees)
        await play.store.open()
        try:
            await play.store.run(play.begin)
            for operation in operations:
                with suppress(BankError):
                    await play.store.run(partial(play.play, operation))
                await play.store.run(check_books)
        finally:
            await play.store.close()

    with TemporaryDirectory() as folder:
        asyncio.run(history(Path(folder)))


async def test_books_hold_after_many_people_pay_at_once(bank: BankClient, tmp_path: Path) -> None:
    link = await bank.link()
    made = [await bank.prepared(link, 90_00, reference=f"R{number}") for number in range(20)]

    answers = await asyncio.gather(
        *(bank.execute(order, f"key-{number}") for number, order in enumerate(made))
    )

    states = sorted(answer.body["state"] for answer in answers)
    assert states == ["refused"] * 9 + ["settled"] * 11
    assert await bank.balances() == (10_01, 990_00)
    with books_of(tmp_path / "bank") as books:
        check_books(books)


async def test_a_movement_can_neither_be_changed_nor_taken_back(bank: BankClient, tmp_path: Path) -> None:
    await bank.link()

    with books_of(tmp_path / "bank") as books:
        for statement in ("UPDATE movement SET amount = 5", "DELETE FROM movement"):
            with pytest.raises(sqlite3.IntegrityError, match="a movement is never"):
                books.execute(statement)


async def test_the_schema_itself_refuses_an_overdraft(bank: BankClient, tmp_path: Path) -> None:
    await bank.link()

    with books_of(tmp_path / "bank") as books:
        euros = books.execute("SELECT id, kind FROM account WHERE currency = 'EUR'")
        ids = {row["kind"]: row["id"] for row in euros}
        with pytest.raises(sqlite3.IntegrityError, match="only_the_world_owes"):
            ledger.move(
                books, ledger.Movement("now", "payment", ids["customer"], ids["fees"], 1_000_02, "too much")
            )
