"""A program that pays orders through a rail and may be killed at any moment: `python -m tests.rails.payer`.

Its words are the task, the journal and, if it shall outlive what it does, how many new orders it may begin.

It does what the courier does: the handle is on disk before the byte leaves that could move money, and
what was executing when it died is asked about first.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails._frame import find_rails
from paybridge.services.ports import NotFound, Order, Prepared, Rail, RailError, Refused, Settled

AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is given, as JSON: a rail's name, its options, and its orders."""

    rail: str
    options: Mapping[str, Any]
    orders: tuple[Order, ...]

    @classmethod
    def read(cls, written: str) -> Task:
        given = json.loads(written)
        orders = tuple(
            Order(reference, LegKind(kind), Money(minor, currency), link, "", to)
            for reference, kind, minor, currency, link, to in given["orders"]
        )
        return cls(given["rail"], given["options"], orders)

    def written(self) -> str:
        orders = [
            (order.reference, order.kind, order.amount.minor, order.amount.currency, order.link, order.to)
            for order in self.orders
        ]
        return json.dumps({"rail": self.rail, "options": dict(self.options), "orders": orders})


@dataclass(slots=True)
class Kept:
    """What a journal says: the handles of what began to execute, and what has settled."""

    handles: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, written: bytes) -> Kept:
        """A line that was cut off is not there."""
        kept = cls()
        for line in _whole(written).splitlines():
            kept.take(*json.loads(line))
        return kept

    @property
    def executing(self) -> set[str]:
        return self.handles.keys() - self.settled

    def take(self, what: str, reference: str, detail: str) -> None:
        if what == "executing":
            self.handles[reference] = detail
        else:
            self.settled.add(reference)


class Journal:
    """Lines on disk, each there before the next thing is done."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        written = os.read(self._file, os.fstat(self._file).st_size)
        os.ftruncate(self._file, len(_whole(written)))
        os.lseek(self._file, 0, os.SEEK_END)
        self.kept = Kept.read(written)

    def write(self, what: str, reference: str, detail: str) -> None:
        os.write(self._file, json.dumps([what, reference, detail]).encode() + b"\n")
        os.fsync(self._file)
        self.kept.take(what, reference, detail)


def _whole(written: bytes) -> bytes:
    return written[: written.rfind(b"\n") + 1]


class RefusedOrderError(Exception):
    """An order was refused for good, and none of these should be."""


async def pay(rail: Rail, order: Order, journal: Journal) -> None:
    """Until it has settled."""
    cap = (await rail.quote(order)).highest_fee
    asked_first = order.reference in journal.kept.handles
    if not asked_first:
        journal.write("executing", order.reference, await rail.prepare(order))
    handle = journal.kept.handles[order.reference]
    while True:
        outcome = await rail.query(order.reference, handle) if asked_first else Prepared()
        if isinstance(outcome, Prepared | NotFound):
            outcome = await rail.execute(handle, f"key-{order.reference}", cap)
        if isinstance(outcome, Settled):
            journal.write("settled", order.reference, outcome.remote_id)
            return
        if isinstance(outcome, Refused):
            raise RefusedOrderError(f"{order.reference}: {outcome.code}")
        asked_first = True


async def main(task: Task, journal: Journal, most: int | None) -> None:
    """Pay; with `most`, begin so many new orders at most, and then wait to be killed."""
    kind = find_rails()[task.rail]
    lanes = asyncio.Semaphore(AT_ONCE)
    new = [order.reference for order in task.orders if order.reference not in journal.kept.handles]
    kept_for_later = set() if most is None else set(new[most:])

    async def one(rail: Rail, order: Order) -> None:
        if order.reference in kept_for_later:
            await asyncio.Event().wait()
        async with lanes:
            while order.reference not in journal.kept.settled:
                try:
                    await pay(rail, order, journal)
                except RailError as error:
                    sys.stderr.write(f"{order.reference}: {error}\n")

    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        rail = kind(kind.Options.model_validate(task.options), http)
        for order in task.orders:
            group.create_task(one(rail, order))


if __name__ == "__main__":
    given, kept, *rest = sys.argv[1:]
    task = Task.read(Path(given).read_text(encoding="utf-8"))
    asyncio.run(main(task, Journal(Path(kept)), int(rest[0]) if rest else None))
