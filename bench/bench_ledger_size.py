"""Balance and history in a large ledger, against a small one and against reading the same rows alone."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Text, bindparam, select

from bench._load import SHOP, load_like
from bench._money import PEOPLE
from bench._office import Office, neighbours
from bench._result import Result
from paybridge.app.system import SystemClock
from paybridge.commands.history import PAGE
from paybridge.domain.history import Sort, Sought
from paybridge.domain.month import month_of
from paybridge.storage import open_database
from paybridge.storage.audit import audit
from paybridge.storage.questions import names_of
from paybridge.storage.tables import transfer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
SMALL: Final = 10_000
LARGE: Final = int(os.environ.get("ENTRIES", "1000000"))
"""How many entries the ledgers have: two of each payment."""
_ASKED: Final = 400
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """How long an answer takes, in milliseconds: the median over people, or one's alone."""

    balance: float
    history: float
    shop: float


async def run() -> list[Result]:
    """The time of an answer in the large ledger over that in the small one."""
    with tempfile.TemporaryDirectory(prefix="paybridge-bench-") as folder:
        small, large = Path(folder) / "small.db", Path(folder) / "large.db"
        await _load(small, SMALL)
        await _load(large, LARGE)
        rounds = [(await _ask(small), await _ask(large)) for _ in range(ROUNDS)]
        searches = [await _search(large) for _ in range(ROUNDS)]
        # What is measured must be sound: every sum, every balance and the whole chain, read by other code.
        for path in (small, large):
            problems = (await asyncio.to_thread(audit, f"sqlite+aiosqlite:///{path}")).problems
            if problems:
                raise RuntimeError(f"{len(problems)} problems in {path.name}: {problems[0]}")
    return [
        _row("balance", [(before.balance, after.balance) for before, after in rounds]),
        _row("newest page of history", [(before.history, after.history) for before, after in rounds]),
        _row("newest page of a shop's history", [(before.shop, after.shop) for before, after in rounds]),
        *(_found(name, [search[name] for search in searches]) for name in searches[0]),
    ]


def _row(what: str, rounds: list[tuple[float, float]]) -> Result:
    before, after = (min(times) for times in zip(*rounds, strict=True))
    at = f"{LARGE:,} entries over {SMALL:,}"
    return Result(f"ledger size: {what}, ms at {at}", after, before, 2.0, "at_most")


def _found(name: str, rounds: list[tuple[float, float]]) -> Result:
    """The quickest search over the quickest reading of the same rows by their ids."""
    search, read = (min(times) for times in zip(*rounds, strict=True))
    what = f"ledger size: a shop's history {name}, ms over reading its {PAGE} rows, {LARGE:,} entries"
    return Result(what, search, read, 5.0, "at_most")


async def _search(path: Path) -> dict[str, tuple[float, float]]:
    """How long a page takes of each thing that a shop looks for, and how long its rows alone."""
    database = await open_database(f"sqlite+aiosqlite:///{path}", SystemClock())
    shop, book = f"person-{SHOP}", database.book
    try:
        (latest,) = await book.history(shop, 1)
        month = month_of(latest.created.date())
        found = {}
        for name, sought in (
            ("with somebody", Sought(other=latest.payer)),
            ("of a month", Sought(month=month)),
            ("of a room", Sought(room=latest.room)),
            ("of refunds", Sought(sort=Sort.REFUNDS)),
        ):
            page = await book.history(shop, PAGE, sought)
            ids = names_of([each.id for each in page or [latest]])
            named = [bindparam(name, type_=Text) for name in ids]
            these = select(transfer).where(transfer.c.id.in_(named))
            read = partial(database.reader.rows, these, ids)
            found[name] = (
                await _time([partial(book.history, shop, PAGE, sought)] * _ASKED),
                await _time([read] * _ASKED),
            )
        return found
    finally:
        await database.close()


async def _load(path: Path, entries: int) -> None:
    """One payment by the use cases, and all the others like it."""
    database = await open_database(f"sqlite+aiosqlite:///{path}", SystemClock())
    try:
        office, _ = await Office.open(database.book, database.mailbox)
        await office.pay(1)
        (first,) = await database.book.history(f"person-{neighbours(1)[0]}", 1)
    finally:
        await database.close()
    await asyncio.to_thread(load_like, path, first.id, (entries - 2 * PEOPLE) // 2 - 1)


async def _ask(path: Path) -> Asked:
    database = await open_database(f"sqlite+aiosqlite:///{path}", SystemClock())
    try:
        people = [f"person-{number * 7919 % (PEOPLE - 1) + 1}" for number in range(_ASKED)]
        book = database.book
        return Asked(
            await _time([partial(book.balance, person, "EUR") for person in people]),
            await _time([partial(book.history, person, PAGE) for person in people]),
            await _time([partial(book.history, f"person-{SHOP}", PAGE)] * _ASKED),
        )
    finally:
        await database.close()


async def _time(questions: list[Callable[[], Awaitable[object]]]) -> float:
    spent = []
    for question in questions:
        begun = time.perf_counter()
        await question()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent) * 1000
