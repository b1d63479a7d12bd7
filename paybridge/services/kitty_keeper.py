"""What ends by itself of a kitty: proposals that too few have approved in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from paybridge.services.lanes import SHORTEST_WAIT
from paybridge.services.ports import BookUnavailableError, StaleError

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.services.desk import Desk
    from paybridge.services.lanes import Bell
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
WAIT_FOR_OTHERS: Final = 1.0
"""Seconds until the next look while something is set aside, behind which the next one cannot be seen."""


class KittyKeeper:
    """Ends proposals soon after their time; one that could not be ended is set aside for a while."""

    def __init__(self, desk: Desk, outcomes: Outcomes, bell: Bell) -> None:
        self._book = desk.book
        self._clock = desk.clock
        self._proposals = desk.proposals
        self._outcomes = outcomes
        self._bell = bell
        self._tries: dict[str, int] = {}
        self._aside: dict[str, datetime] = {}

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs one question while nothing is over."""
        while True:
            at = await self._book.next_proposal_expiry()
            patience = None if at is None else max((at - self._clock.now()).total_seconds(), SHORTEST_WAIT)
            if patience == SHORTEST_WAIT:
                await self.settle_down()
                patience = WAIT_FOR_OTHERS if self._aside else SHORTEST_WAIT
            await self._bell.wait(patience)

    async def settle_down(self) -> None:
        """End everything whose time is over now."""
        now = self._clock.now()
        self._aside = {name: until for name, until in self._aside.items() if until > now}
        for one in await self._book.expired_proposals(now, AT_ONCE + len(self._aside)):
            if one.id in self._aside:
                continue
            try:
                step, says = await self._proposals.expire(one)
                await self._outcomes.commit(step, says)
            except StaleError:
                log.info("not expired after all", proposal=one.id)
            except BookUnavailableError:
                raise
            except Exception:
                log.exception("not expired", proposal=one.id)
                self._tries[one.id] = tries = self._tries.get(one.id, 0) + 1
                self._aside[one.id] = now + self._outcomes.delay(tries)
