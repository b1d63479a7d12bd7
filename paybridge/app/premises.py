"""The running program as operators are told of it in their room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from paybridge.services.premises import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from paybridge.app.proving import ProvenRails
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
