"""The reconciler asks the rails about every order whose fate is open, until it knows.

It asks before anything is sent again, and sends again only under the same key and only if the rail has surely
not executed the order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain import leg as legs
from paybridge.domain.leg import LegHappening, LegState
from paybridge.failpoints import failpoint
from paybridge.services.lanes import Bell, Lanes
from paybridge.services.ports import (
    Book,
    Clock,
    Due,
    Errand,
    NotFound,
    Outcome,
    Pending,
    Prepared,
    Rail,
    RailError,
    RailEvent,
    Settled,
    StaleError,
    Unsure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.leg import Leg
    from paybridge.services.execution import Execution
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

AT_ONCE: Final = 64
"""Questions to one rail that are open at once."""

_TRIES: Final = 3


class Reconciler:
    """Asks about every executing leg whose call has not come back in time, and about every unsure one.

    `sending` are the legs that the courier is executing at the moment: their answer is on its way.
    `contradictions` counts how often a rail said otherwise than the books of an order that is over.
    """

    def __init__(
        self,
        book: Book,
        clock: Clock,
        rails: Mapping[str, Rail],
        outcomes: Outcomes,
        execution: Execution,
        bell: Bell,
        sending: Callable[[], Collection[str]],
    ) -> None:
        self._book = book
        self._clock = clock
        self._outcomes = outcomes
        self._execution = execution
        self._sending = sending
        self._rails = rails
        self.contradictions = 0
        self._lanes = Lanes(book, clock, rails, outcomes, bell, Errand.ASK, AT_ONCE)

    async def run(self) -> None:
        """Work for ever. First everything that a crash left open, then what falls due."""
        await self._lanes.run(self._ask, elsewhere=self._sending)

    async def settle_down(self) -> None:
        """Ask about every leg that is due now, and return when all are answered (for tests and tools)."""
        await self._lanes.settle_down(self._ask)

    def wake(self, rail: str) -> None:
        """The rail is there again: ask about its legs now, whatever their time."""
        self._lanes.wake(rail)

    async def hint(self, event: RailEvent) -> None:
        """A rail has news of an order: it is asked, once this is in the book. Nothing else is believed."""
        for _ in range(_TRIES):
            leg = await self._book.leg_by_reference(event.reference)
            if leg is None or leg.id in {*self._sending(), *self._lanes.driving}:
                return
            if leg.state in {LegState.SETTLED, LegState.REFUSED} and event.says != leg.state:
                await self._look_again(leg)
            if leg.state not in {LegState.EXECUTING, LegState.UNSURE}:
                return
            try:
                await self._outcomes.ask_at_once(leg)
            except StaleError:
                continue
            return

    async def _look_again(self, leg: Leg) -> None:
        """Whether the rail still says of an order that is over what the books say; else somebody must look.

        Nothing is booked and nothing sent: what was settled or given back stays so until somebody decides.
        """
        rail = self._rails.get(leg.rail)
        if rail is None:
            return
        outcome = await rail.query(leg.id, leg.handle)
        told = {"leg": leg.id, "rail": leg.rail, "books": leg.state, "rail_says": type(outcome).__name__}
        if isinstance(outcome, Unsure | Pending) or outcome == NotFound(final=False):
            log.warning("a rail has news of an order that is over, and does not say which", **told)
        elif not _agree(leg, outcome):
            self.contradictions += 1
            log.error("a rail says otherwise than the books", amount=str(leg.amount), **told)

    async def _ask(self, due: Due, rail: Rail) -> None:
        """Ask first; send again, under the same key, only if the rail has surely not executed it."""
        leg, transfer = due.leg, due.transfer
        try:
            failpoint("reconciler.before_query")
            outcome = await rail.query(leg.id, leg.handle)
            failpoint("reconciler.after_query")
        except RailError as error:
            outcome = Unsure(type(error).__name__)
        match outcome:
            case Prepared() | NotFound(final=True) if leg.handle is not None:
                await self._again(due, rail)
            case Prepared() | NotFound():
                await self._outcomes.ask_again(leg, self._outcomes.delay(leg.attempts + 1))
            case Pending(next_poll=wait):
                await self._outcomes.ask_again(leg, wait)
            case known:
                await self._outcomes.take(leg, transfer, known)

    async def _again(self, due: Due, rail: Rail) -> None:
        leg, transfer = due.leg, due.transfer
        began = transfer.updated or transfer.created
        if self._clock.now() - began > rail.capabilities().idempotency_window:
            await self._outcomes.lose_track(leg, transfer, "the rail's idempotency window is over")
            return
        resumed = leg
        if leg.state is LegState.UNSURE:
            resumed, _ = legs.advance(leg, LegHappening.RESUME)
        await self._execution.execute(replace(resumed, attempts=leg.attempts + 1), transfer, rail)


def _agree(leg: Leg, outcome: Outcome) -> bool:
    match outcome:
        case Settled(amount=amount):
            return leg.state is LegState.SETTLED and amount == leg.amount
        case _:
            return leg.state is LegState.REFUSED
