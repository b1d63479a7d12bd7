"""The running program as operators are told of it in their room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from paybridge.services.premises import Audited, RailCompared, Sight
from paybridge.storage.audit import audit
from paybridge.storage.export import Period, export

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence
    from datetime import datetime

    from paybridge.app.proving import ProvenRails
    from paybridge.domain.month import Month
    from paybridge.services.checks_kept import Kept
    from paybridge.services.figures import Counting, StatementStands
    from paybridge.services.ports import Clock


@dataclass(frozen=True, slots=True)
class HousePremises:
    """`Premises` of one process; `holder` is its name among those that may hold the lease."""

    holder: str
    clock: Clock
    counting: Counting
    rails: ProvenRails
    names: Collection[str]
    compared: Callable[[], Sequence[StatementStands]]
    compare_now: Callable[[str], Awaitable[Kept | None]]
    url: str
    noted: Callable[[datetime, Audited], None]

    async def audit(self) -> Audited:
        # In a thread: of a large ledger this takes minutes.
        began = self.clock.now()
        report = await asyncio.to_thread(audit, self.url)
        found = Audited(report.journals, report.problems, report.head)
        self.noted(began, found)
        return found

    async def export(self, month: Month, most: int) -> str | None:
        return await asyncio.to_thread(_exported, self.url, month, most)

    async def compare(self, rail: str) -> RailCompared:
        kept = await self.compare_now(rail)
        if kept is None:
            return RailCompared(rail, 0, 0, 0, "nothing of it moves outside of our ledger")
        return RailCompared(rail, kept.matched, kept.under_way, len(kept.differences), kept.silent)

    async def look(self) -> Sight:
        names = sorted(self.names)
        troubles = await asyncio.gather(*(self.rails.check(name)() for name in names))
        return Sight(
            version=version("paybridge"),
            acting=self.holder,
            figures=await self.counting.figures(self.clock.now()),
            rails=dict(zip(names, troubles, strict=True)),
            compared=self.compared(),
        )


def _exported(url: str, month: Month, most: int) -> str | None:
    last = month.moved(1).begins(UTC) - timedelta(days=1)
    lines, length = list[str](), 0
    for line in export(url, "beancount", Period(month.begins(UTC).date(), last.date())):
        lines.append(f"{line}\n")
        length += len(line) + 1
        if length > most:
            return None
    return "".join(lines)
