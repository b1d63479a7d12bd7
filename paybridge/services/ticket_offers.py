"""Offers free places to whoever waits for them, in their order, each for a while."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from paybridge.domain.people import NOBODY
from paybridge.domain.ticket import OFFER_LIFE, Wait, WaitState
from paybridge.services.lanes import SHORTEST_WAIT
from paybridge.services.ports import BookUnavailableError, StaleError, Step
from paybridge.services.says import Say

if TYPE_CHECKING:
    from paybridge.services.desk import Desk
    from paybridge.services.lanes import Bell
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)

AT_ONCE: Final = 100


class TicketOffers:
    """Looks whenever something was written, and when an offer ends."""

    def __init__(self, desk: Desk, outcomes: Outcomes, bell: Bell) -> None:
        self._book = desk.book
        self._clock = desk.clock
        self._settings = desk.settings
        self._issue = desk.ticket_issue
        self._outcomes = outcomes
        self._bell = bell

    async def run(self) -> None:
        """Work for ever. A bell, which every step rings, costs two questions while nobody waits."""
        while True:
            await self.settle_down()
            end = await self._book.next_offer_end()
            patience = None if end is None else max((end - self._clock.now()).total_seconds(), SHORTEST_WAIT)
            await self._bell.wait(patience)

    async def settle_down(self) -> None:
        """End the offers whose time is over, then offer what is free."""
        for wait in await self._book.lapsed_offers(self._clock.now(), AT_ONCE):
            await self._one(replace(wait, state=WaitState.GONE), "ticket.offer_over")
        full: set[str] = set()
        for wait in await self._book.to_be_offered(self._clock.now(), AT_ONCE):
            offer = replace(wait, state=WaitState.OFFERED, until=self._clock.now() + OFFER_LIFE)
            # The database holds the place, or says that there is none, nor one for the next.
            if wait.gig not in full and not await self._one(offer, "ticket.offered"):
                full.add(wait.gig)

    async def _one(self, wait: Wait, key: str) -> bool:
        try:
            await self._outcomes.commit(Step(records=(wait,)), (await self._told(wait, key),))
        except BookUnavailableError:
            raise
        except StaleError:
            log.info("not offered after all", gig=wait.gig)
            return False
        return True

    async def _told(self, wait: Wait, key: str) -> Say:
        gig, owner = await self._issue.gig_and_owner(wait.gig)
        shop = await self._book.shop(gig.shop)
        person = await self._book.person(wait.person)
        mxid = next(iter(await self._book.mxids_of(wait.person)), NOBODY)
        assert shop is not None  # a foreign key
        name = self._issue.name(gig, owner)
        return Say(
            id=f"{wait.id}/{wait.state}",
            key=key,
            language=(person.language if person else None) or self._settings.language,
            person=mxid,
            facts={"name": name, "seller": shop.owner_mxid, "until": wait.until},
            lines=(f'!ticket "{name}"',) if wait.state is WaitState.OFFERED else (f'!ticket wait "{name}"',),
        )
