"""What ends by itself: cards that nobody confirmed, requests, and money that nobody claimed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from paybridge.domain import transfer as transfers
from paybridge.domain.bundle import Bundle, Card, advance_all
from paybridge.domain.request import Request
from paybridge.domain.transfer import Transfer, TransferHappening, TransferState
from paybridge.services.chores import Chores
from paybridge.services.claims import give_back
from paybridge.services.ports import StaleError, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.services.desk import Desk
    from paybridge.services.lanes import Bell
    from paybridge.services.outcomes import Outcomes


class Expirer:
    """Ends what is over, soon after its time.

    What could not be ended is set aside for a while, so that it holds up nothing else.
    """

    def __init__(self, desk: Desk, outcomes: Outcomes, bell: Bell) -> None:
        self._book = desk.book
        self._clock = desk.clock
        self._outcomes = outcomes
        self._news = desk.news
        self._bundle_news = desk.bundle_news
        self._requests = desk.requests
        self._bell = bell
        # Confirmed or claimed in the same moment: exactly one of the two wins.
        beaten = (StaleError,)
        self._chores = Chores(desk.clock, outcomes.delay, beaten, done="expired", what="payment")

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs one question while nothing is over."""
        await self._chores.run(self._book.next_expiry, self.settle_down, self._bell)

    async def settle_down(self) -> None:
        """End everything whose time is over now."""
        now, limit = self._clock.now(), self._chores.limit()
        over: list[Card | Request] = [*await self._cards(await self._book.expired_transfers(now, limit))]
        over += await self._book.expired_requests(now, limit)
        for ending in over:
            await self._chores.do(ending.id, partial(self._end, ending))

    async def _cards(self, transfers: Sequence[Transfer]) -> Sequence[Card]:
        """The open cards among them as they were shown, with all their payments; and unclaimed payments."""
        found: dict[str, Card] = {}
        for transfer in transfers:
            is_open = transfer.state is TransferState.AWAITING_APPROVAL
            bundle = await self._book.bundle(transfer.bundle) if transfer.bundle and is_open else None
            card = bundle or transfer
            found.setdefault(card.id, card)
        return list(found.values())

    async def _end(self, ending: Card | Request) -> None:
        if isinstance(ending, Request):
            asked = await self._requests.expire(ending)
            await self._outcomes.commit(asked.step, asked.says)
        elif isinstance(ending, Bundle):
            await self._close_bundle(ending)
        elif ending.state is TransferState.CLAIMABLE:
            step, returned = give_back(ending, self._clock.now())
            await self._outcomes.commit(step, await self._news.returned(returned, "expired"))
        else:
            await self._close(ending)

    async def _close_bundle(self, bundle: Bundle) -> None:
        expired = advance_all(bundle, TransferHappening.EXPIRE, self._clock.now())
        await self._outcomes.commit(Step(records=expired.parts), await self._bundle_news.closed(expired))

    async def _close(self, card: Transfer) -> None:
        expired = transfers.advance(card, TransferHappening.EXPIRE, self._clock.now())
        followed, more = await self._requests.follow(expired)
        says = (*await self._news.closed(expired), *more)
        await self._outcomes.commit(Step(records=(expired,)) + followed, says)
