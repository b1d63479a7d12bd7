"""The courier takes approved transfers to the rails, leg by leg: prepares each order, then executes it.

Crash safety: `executing` is committed before bytes leave, and what was executing is the reconciler's, who
asks before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import leg as legs
from paybridge.domain.leg import LegHappening, LegState
from paybridge.failpoints import failpoint
from paybridge.services.lanes import Bell, Lanes
from paybridge.services.ports import Book, Clock, Due, Errand, Order, OrderRefusedError, Rail, RailError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.services.execution import Execution
    from paybridge.services.outcomes import Outcomes

AT_ONCE: Final = 32
"""Orders of one rail that are under way at once."""


class Courier:
    """Sends every reserved leg; one instance per process."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        rails: Mapping[str, Rail],
        outcomes: Outcomes,
        execution: Execution,
        bell: Bell,
    ) -> None:
        self._outcomes = outcomes
        self._execution = execution
        self._lanes = Lanes(book, clock, rails, outcomes, bell, Errand.SEND, AT_ONCE)

    @property
    def driving(self) -> Collection[str]:
        """The ids of the legs that are on their way to a rail now."""
        return self._lanes.driving

    async def run(self) -> None:
        """Work for ever. First everything that a crash left reserved, then what falls due."""
        await self._lanes.run(self._send)

    async def settle_down(self) -> None:
        """Send every leg that is due now, and return when all have been (for tests and tools)."""
        await self._lanes.settle_down(self._send)

    def wake(self, rail: str) -> None:
        """The rail is there again: send its legs now, whatever their time."""
        self._lanes.wake(rail)

    async def _send(self, due: Due, rail: Rail) -> None:
        leg, transfer = due.leg, due.transfer
        assert leg.link is not None  # what goes to a rail is made with its account there
        order = Order(leg.id, leg.kind, leg.amount, leg.link, transfer.id, leg.to_link)
        try:
            handle = leg.handle or await rail.prepare(order)
            failpoint("courier.after_prepare")
        except OrderRefusedError as refused:
            await self._outcomes.refuse(leg, transfer, refused.code)
            return
        except RailError as error:
            await self._execution.not_sent(leg, transfer, error)
            return
        prepared = leg
        if leg.state is LegState.RESERVED:
            prepared, _ = legs.advance(leg, LegHappening.PREPARE)
        executing, _ = legs.advance(replace(prepared, handle=handle), LegHappening.EXECUTE)
        await self._execution.execute(executing, transfer, rail)
