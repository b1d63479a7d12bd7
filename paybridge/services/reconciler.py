"""The reconciler asks the rails about every order whose fate is open, until it knows.

It asks before anything is sent again, and sends again only under the same key and only if the rail has surely
not executed the order. Where a rail has news of an order that is over, it asks as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import leg as legs
from paybridge.domain.leg import ENDED_AT_A_RAIL, LegHappening, LegKind, LegState
from paybridge.failpoints import failpoint
from paybridge.services.lanes import Bell, Lanes
from paybridge.services.ports import (
    Book,
    Clock,
    Due,
    Errand,
    NotFound,
    Prepared,
    Rail,
    RailError,
    RailEvent,
    StaleError,
    Step,
    Unsure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.leg import Leg
    from paybridge.domain.webhook import Webhook
    from paybridge.services.execution import Execution
    from paybridge.services.late_news import LateNews
    from paybridge.services.outcomes import Outcomes


AT_ONCE: Final = 64
"""Questions to one rail that are open at once."""

_TRIES: Final = 3


class Reconciler:
    """Asks about every executing leg whose call has not come back in time, and about every unsure one.

    `sending` are the legs that the courier is executing at the moment: their answer is on its way.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and the use cases that an answer sets off
        self,
        book: Book,
        clock: Clock,
        rails: Mapping[str, Rail],
        outcomes: Outcomes,
        execution: Execution,
        late_news: LateNews,
        bell: Bell,
        sending: Callable[[], Collection[str]],
    ) -> None:
        self._book = book
        self._clock = clock
        self._outcomes = outcomes
        self._execution = execution
        self._late_news = late_news
        self._sending = sending
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

    async def hint(self, event: RailEvent, webhook: Webhook | None = None) -> None:
        """A rail has news of an order: it is asked, once this is in the book. Nothing else is believed.

        `webhook` is kept in the same step, so that what comes twice is asked about once. `StaleError` if the
        rail should tell it again.
        """
        for _ in range(_TRIES):
            if webhook is not None and await self._book.heard(webhook):
                return
            step = Step() if webhook is None else Step(records=(webhook,))
            leg = await self._book.leg_by_reference(event.reference)
            if leg is not None and event.says == LegState.REVERSED and self._is_in_hand(leg):
                # Whoever has it may have been answered before that: the rail shall tell it again.
                raise StaleError(f"{event.reference} is being asked about at this moment")
            if leg is not None and self._is_worth_asking(leg, event):
                step += self._outcomes.at_once(leg)
            if step == Step():
                return
            try:
                await self._outcomes.commit(step)
            except StaleError:
                continue
            return
        raise StaleError(f"{event.reference} never stood still")

    def _is_in_hand(self, leg: Leg) -> bool:
        return leg.id in {*self._sending(), *self._lanes.driving}

    def _is_worth_asking(self, leg: Leg, event: RailEvent) -> bool:
        """Whether nobody has it in hand and its fate is open, or the news may be other than how it ended."""
        if self._is_in_hand(leg):
            return False
        if leg.state in ENDED_AT_A_RAIL:
            return leg.kind is not LegKind.BOOK and event.says != leg.state
        return leg.state in {LegState.EXECUTING, LegState.UNSURE}

    async def _ask(self, due: Due, rail: Rail) -> None:
        """Ask first; send again, under the same key, only if the rail has surely not executed it."""
        leg, transfer = due.leg, due.transfer
        try:
            failpoint("reconciler.before_query")
            outcome = await rail.query(leg.id, leg.handle)
            failpoint("reconciler.after_query")
        except RailError as error:
            outcome = Unsure(type(error).__name__)
        if leg.state in ENDED_AT_A_RAIL:
            await self._late_news.take(leg, transfer, outcome)
            return
        match outcome:
            case Prepared() | NotFound(final=True) if leg.handle is not None:
                await self._again(due, rail)
            case Prepared() | NotFound():
                await self._outcomes.ask_again(leg, self._outcomes.delay(leg.attempts + 1))
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
