"""What ends by itself: cards that nobody confirmed, requests, and money that nobody claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain import transfer as transfers
from paybridge.domain.request import Request
from paybridge.domain.transfer import Transfer, TransferHappening, TransferState
from paybridge.services.claims import give_back
from paybridge.services.ports import Book, Clock, Step, StepRefusedError

if TYPE_CHECKING:
    from paybridge.services.courier import Bell
    from paybridge.services.news import News
    from paybridge.services.outcomes import Outcomes
    from paybridge.services.requests import Requests

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
SHORTEST_WAIT: Final = 0.05


class Expirer:
    """Ends what is over, soon after its time."""

    def __init__(
        self, book: Book, clock: Clock, outcomes: Outcomes, news: News, requests: Requests, bell: Bell
    ) -> None:
        self._book = book
        self._clock = clock
        self._outcomes = outcomes
        self._news = news
        self._requests = requests
        self._bell = bell

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs one question while nothing is over."""
        while True:
            at = await self._book.next_expiry()
            patience = None if at is None else (at - self._clock.now()).total_seconds()
            if patience is not None and patience <= 0:
                await self.settle_down()
                # What could not be ended is not tried again at once.
                patience = SHORTEST_WAIT
            await self._bell.wait(patience)

    async def settle_down(self) -> None:
        """End everything whose time is over now."""
        now = self._clock.now()
        for transfer in await self._book.expired_transfers(now, AT_ONCE):
            await self._one(transfer)
        for request in await self._book.expired_requests(now, AT_ONCE):
            await self._one(request)

    async def _one(self, ending: Transfer | Request) -> None:
        try:
            if isinstance(ending, Request):
                asked = await self._requests.expire(ending)
                await self._outcomes.commit(asked.step, asked.says)
            elif ending.state is TransferState.CLAIMABLE:
                step, returned = give_back(ending, self._clock.now())
                await self._outcomes.commit(step, await self._news.returned(returned, "expired"))
            else:
                await self._close(ending)
        except StepRefusedError as refused:
            # Confirmed or claimed in the same moment: exactly one of the two wins.
            log.info("not expired after all", payment=ending.id, why=type(refused).__name__)

    async def _close(self, card: Transfer) -> None:
        expired = transfers.advance(card, TransferHappening.EXPIRE, self._clock.now())
        followed, more = await self._requests.follow(expired)
        says = (*await self._news.closed(expired), *more)
        await self._outcomes.commit(Step(records=(expired,)) + followed, says)
