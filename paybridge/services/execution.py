"""The one way in which an order's bytes leave: under the leg's one key, once `executing` is in the book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.failpoints import failpoint
from paybridge.services.ports import Clock, NotSentError, Rail, RailError, Step, ThrottledError, Unsure

if TYPE_CHECKING:
    from paybridge.domain.leg import Leg
    from paybridge.domain.transfer import Transfer
    from paybridge.services.news import News
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=60)
"""How long after `executing` a leg is left to the call that executes it."""


class Execution:
    """Executes orders. `lost` is told the name of a rail that could not be reached."""

    def __init__(self, clock: Clock, outcomes: Outcomes, news: News, lost: Callable[[str], None]) -> None:
        self._clock = clock
        self._outcomes = outcomes
        self._news = news
        self._lost = lost

    async def execute(self, leg: Leg, transfer: Transfer, rail: Rail) -> None:
        """Write down `leg`, which has just become `executing`, then have the rail move the money."""
        assert leg.handle is not None  # it comes with `executing`
        due = self._clock.now() + PATIENCE
        await self._outcomes.commit(Step(records=(replace(leg, due=due),)))
        written = replace(leg, due=due, version=leg.version + 1)
        try:
            failpoint("courier.before_execute")
            outcome = await rail.execute(leg.handle, leg.key, leg.highest_fee)
            failpoint("courier.after_execute")
        except (NotSentError, ThrottledError) as error:
            await self.not_sent(written, transfer, error)
            return
        except Exception as error:  # noqa: BLE001 - once bytes may have left, it is "don't know"
            outcome = Unsure(type(error).__name__)
        await self._outcomes.take(written, transfer, outcome)

    async def not_sent(self, leg: Leg, transfer: Transfer, error: RailError) -> None:
        """Nothing left us. Try later, and tell the person the first time."""
        throttled = isinstance(error, ThrottledError)
        if not throttled:
            self._lost(leg.rail)
        wait = error.after if isinstance(error, ThrottledError) else self._outcomes.delay(leg.attempts + 1)
        says = await self._news.delayed(transfer, unsure=False) if leg.attempts == 0 else ()
        log.warning("rail not reached", leg=leg.id, rail=leg.rail, tries=leg.attempts + 1)
        await self._outcomes.ask_again(leg, wait, says)
