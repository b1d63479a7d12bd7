"""The ledger on PostgreSQL: durable steps and whole payments, against pgbench on the same server."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench._money import Measured, best, fill, measure, measure_each, settling
from bench._office import Office
from bench._result import Result
from bench._server import CLIENTS, Server, server
from paybridge.app.system import SystemClock
from paybridge.storage import open_database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paybridge.storage.database import Database

ROUNDS: Final = 3
CALLERS: Final = 64
SLOWEST_MS: Final = 50.0
_STEPS_ALONE: Final = 1500
_STEPS: Final = 6000
_PAYMENTS: Final = 600

_Bench = tuple[str, "Callable[[Server], Awaitable[Measured]]", float]


async def run() -> list[Result]:
    """Rates over pgbench's, TPC-B, prepared, 8 clients; each the best of rounds taken in turn."""
    floors: list[float] = []
    measured: dict[str, list[Measured]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="paybridge-bench-") as folder, server(Path(folder)) as started:
        await started.prepare_pgbench()
        for _ in range(ROUNDS):
            floors.append(await started.tpc_b())
            for name, bench, _goal in _BENCHES:
                measured[name].append(await bench(started))
    floor = max(floors)
    results = [Result(f"postgres: pgbench TPC-B/s, prepared, {CLIENTS} clients", floor, floor, 0.0)]
    for name, _bench, goal in _BENCHES:
        results += [
            Result(f"postgres: {name}, /s over pgbench", best(measured[name]).rate, floor, goal),
            Result(f"postgres: {name}, p50 ms", min(each.p50 for each in measured[name]), SLOWEST_MS, 0.0),
            Result(f"postgres: {name}, p99 ms", min(each.p99 for each in measured[name]), SLOWEST_MS, 0.0),
        ]
    return results


async def _alone(started: Server) -> Measured:
    """Nothing is batched: each caller has a writer of their own, as if it were a process of its own."""
    url = await started.new_database()
    async with AsyncExitStack() as stack:
        writers = [await _open(stack, url) for _ in range(CLIENTS)]
        await fill(writers[0].book, _STEPS_ALONE)
        steps = iter([settling(number) for number in range(_STEPS_ALONE)])
        return await measure_each(
            [(partial(writer.book.commit, step) for step in steps) for writer in writers]
        )


async def _batched(started: Server) -> Measured:
    url = await started.new_database()
    async with AsyncExitStack() as stack:
        database = await _open(stack, url)
        await fill(database.book, _STEPS)
        return await measure(
            [partial(database.book.commit, settling(number)) for number in range(_STEPS)], CALLERS
        )


async def _payments(started: Server) -> Measured:
    url = await started.new_database()
    async with AsyncExitStack() as stack:
        database = await _open(stack, url)
        office, _ = await Office.open(database.book, database.mailbox)
        return await measure(office.payments(range(_PAYMENTS)), CALLERS)


async def _open(stack: AsyncExitStack, url: str) -> Database:
    database = await open_database(url, SystemClock())
    stack.push_async_callback(database.close)
    return database


_BENCHES: Final[tuple[_Bench, ...]] = (
    (f"durable steps, {CLIENTS} callers, unbatched", _alone, 0.6),
    (f"durable steps, {CALLERS} callers, batched", _batched, 2.0),
    (f"whole payments, {CALLERS} callers", _payments, 1.0),
)
