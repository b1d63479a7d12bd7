"""What ends by itself: cards that nobody confirmed, requests, and money that nobody claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain import transfer as transfers
from paybridge.domain.bundle import Bundle, Card, advance_all
from paybridge.domain.request import Request
from paybridge.domain.transfer import Transfer, TransferHappening, TransferState
from paybridge.services.claims import give_back
from paybridge.services.lanes import SHORTEST_WAIT
from paybridge.services.ports import BookUnavailableError, StaleError, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.services.desk import Desk
    from paybridge.services.lanes import Bell
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100
WAIT_FOR_OTHERS: Final = 1.0
"""Seconds until the next look while something is set aside, behind which the next expiry cannot be seen."""


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
        self._tries: dict[str, int] = {}
        self._aside: dict[str, datetime] = {}

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs one question while nothing is over."""
        while True:
            at = await self._book.next_expiry()
            patience = None if at is None else max((at - self._clock.now()).total_seconds(), SHORTEST_WAIT)
            if patience == SHORTEST_WAIT:
                await self.settle_down()
                patience = WAIT_FOR_OTHERS if self._aside else SHORTEST_WAIT
            await self._bell.wait(patience)

    async def settle_down(self) -> None:
        """End everything whose time is over now."""
        now = self._clock.now()
        self._aside = {name: until for name, until in self._aside.items() if until > now}
        limit = AT_ONCE + len(self._aside)
        over: list[Card | Request] = [*await self._cards(await self._book.expired_transfers(now, limit))]
        over += await self._book.expired_requests(now, limit)
        for ending in over:
            if ending.id not in self._aside:
                await self._one(ending)

    async def _cards(self, transfers: Sequence[Transfer]) -> Sequence[Card]:
        """The open cards among them as they were shown, with all their payments; and unclaimed payments."""
        found: dict[str, Card] = {}
        for transfer in transfers:
            is_open = transfer.state is TransferState.AWAITING_APPROVAL
            bundle = await self._book.bundle(transfer.bundle) if transfer.bundle and is_open else None
            card = bundle or transfer
            found.setdefault(card.id, card)
        return list(found.values())

    async def _one(self, ending: Card | Request) -> None:
        try:
            await self._end(ending)
        except StaleError:
            # Confirmed or claimed in the same moment: exactly one of the two wins.
            log.info("not expired after all", payment=ending.id)
        except BookUnavailableError:
            raise
        except Exception:
            log.exception("not expired", payment=ending.id)
            self._tries[ending.id] = tries = self._tries.get(ending.id, 0) + 1
            self._aside[ending.id] = self._clock.now() + self._outcomes.delay(tries)
        else:
            self._tries.pop(ending.id, None)

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
