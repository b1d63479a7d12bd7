"""What ends by itself of a kitty: proposals that too few have approved in time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from paybridge.services.chores import Chores
from paybridge.services.ports import StaleError

if TYPE_CHECKING:
    from paybridge.domain.kitty import Proposal
    from paybridge.services.desk import Desk
    from paybridge.services.lanes import Bell
    from paybridge.services.outcomes import Outcomes


class KittyKeeper:
    """Ends proposals soon after their time; one that could not be ended is set aside for a while."""

    def __init__(self, desk: Desk, outcomes: Outcomes, bell: Bell) -> None:
        self._book = desk.book
        self._clock = desk.clock
        self._proposals = desk.proposals
        self._outcomes = outcomes
        self._bell = bell
        self._chores = Chores(desk.clock, outcomes.delay, (StaleError,), done="expired", what="proposal")

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs one question while nothing is over."""
        await self._chores.run(self._book.next_proposal_expiry, self.settle_down, self._bell)

    async def settle_down(self) -> None:
        """End everything whose time is over now."""
        now, limit = self._clock.now(), self._chores.limit()
        for one in await self._book.expired_proposals(now, limit):
            await self._chores.do(one.id, partial(self._end, one))

    async def _end(self, one: Proposal) -> None:
        step, says = await self._proposals.expire(one)
        await self._outcomes.commit(step, says)
