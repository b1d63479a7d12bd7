"""The ledger on SQLite: durable steps and whole payments, against the bare driver doing one step a time."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench._money import Measured, best, fill, measure, settling
from bench._office import Office
from bench._raw import Commits, raw_rate
from bench._result import Result
from paybridge.app.system import SystemClock
from paybridge.storage import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

# Callers at once, steps to take, and the part of the bare driver's rate that must be reached.
STEPS: Final = ((1, 1500, 0.5), (8, 4000, 0.0), (64, 12000, 1.5))
# The same for whole payments, from the draft to the receipt.
PAYMENTS: Final = ((1, 300, 0.0), (64, 1500, 1.0))
RAW_STEPS: Final = 1500
RAW_STEPS_TOGETHER: Final = 6400
ROUNDS: Final = 3
SLOWEST_MS: Final = 50.0
MOST_STEPS: Final = 3.0
"""What a payment from balance to balance may take."""


async def run() -> list[Result]:
    """Rates over the bare driver's, and what callers wait for; each the best of rounds taken in turn."""
    raw: dict[Commits, list[float]] = defaultdict(list)
    steps: dict[int, list[Measured]] = defaultdict(list)
    payments: dict[int, list[Measured]] = defaultdict(list)
    taken = 0.0
    with tempfile.TemporaryDirectory(prefix="paybridge-bench-") as folder:
        places = _places(Path(folder))
        # Turn by turn, so that a disk that slows down slows all of them.
        for _ in range(ROUNDS):
            for commits in Commits:
                amount = RAW_STEPS if commits is Commits.EACH else RAW_STEPS_TOGETHER
                raw[commits].append(await asyncio.to_thread(raw_rate, next(places), amount, commits))
            for callers, amount, _ in STEPS:
                steps[callers].append(await _steps(next(places), callers, amount))
            for callers, amount, _ in PAYMENTS:
                measured, taken = await _payments(next(places), callers, amount)
                payments[callers].append(measured)
    floor, busiest = max(raw[Commits.EACH]), STEPS[-1][0]
    return [
        *(
            Result(f"ledger: bare steps/s, {commits.value}", max(raw[commits]), floor, 0.0)
            for commits in Commits
        ),
        *_rows("durable steps", steps, {callers: goal for callers, _, goal in STEPS}, floor),
        *_rows("whole payments", payments, {callers: goal for callers, _, goal in PAYMENTS}, floor),
        Result(
            f"ledger: p99 of a step at {busiest} callers, ms",
            min(each.p99 for each in steps[busiest]),
            SLOWEST_MS,
            1.0,
            "at_most",
        ),
        Result("ledger: steps of a whole payment", taken, MOST_STEPS, 1.0, "at_most"),
    ]


def _rows(
    what: str, measured: dict[int, list[Measured]], goals: dict[int, float], floor: float
) -> Iterator[Result]:
    for callers, rounds in measured.items():
        name = f"ledger: {what}, {callers} {'caller' if callers == 1 else 'callers'}"
        yield Result(f"{name}, /s over bare SQLite", best(rounds).rate, floor, goals[callers])
        yield Result(f"{name}, p50 ms over a bare step", min(each.p50 for each in rounds), 1000 / floor, 0.0)
        yield Result(f"{name}, p99 ms over a bare step", min(each.p99 for each in rounds), 1000 / floor, 0.0)


async def _steps(path: Path, callers: int, amount: int) -> Measured:
    database = await open_database(f"sqlite+aiosqlite:///{path}", SystemClock())
    await fill(database.book, amount)
    works = [partial(database.book.commit, settling(n)) for n in range(amount)]
    try:
        return await measure(works, callers)
    finally:
        await database.close()


async def _payments(path: Path, callers: int, amount: int) -> tuple[Measured, float]:
    """How it went, and how many steps a payment took."""
    database = await open_database(f"sqlite+aiosqlite:///{path}", SystemClock())
    try:
        office, _ = await Office.open(database.book, database.mailbox)
        measured = await measure(office.payments(range(amount)), callers)
        return measured, office.steps / amount
    finally:
        await database.close()


def _places(folder: Path) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        yield folder / f"{number}.db"
