"""Cancelling: open cards, payments that the courier has not begun, requests, unclaimed money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.domain import leg as legs
from paybridge.domain import transfer as transfers
from paybridge.domain.bundle import Bundle, Card, advance_all
from paybridge.domain.bundle import cards as gathered
from paybridge.domain.leg import Leg, LegHappening, LegState
from paybridge.domain.transfer import NotPossibleNowError, Transfer, TransferHappening, TransferState
from paybridge.services.ports import Book, Clock, Step
from paybridge.services.request_errors import NoSuchPaymentError
from paybridge.services.requests import Requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.services.bundle_news import BundleNews
    from paybridge.services.claims import Claims
    from paybridge.services.news import News
    from paybridge.services.people import Known
    from paybridge.services.says import Say


class Cancellations:
    """Takes back what can be taken back."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        news: News,
        bundle_news: BundleNews,
        requests: Requests,
        claims: Claims,
    ) -> None:
        self._book = book
        self._clock = clock
        self._news = news
        self._bundle_news = bundle_news
        self._requests = requests
        self._claims = claims

    async def open_of(self, person: Known) -> Sequence[str]:
        """The ids of everything that the person could cancel now: cards first."""
        me = person.person.id
        now = self._clock.now()
        cards = [card.id for card in gathered(await self._book.awaiting_approval(me)) if card.expires > now]
        if cards:
            return cards
        unclaimed = [transfer.id for transfer in await self._book.claimable_from(me)]
        return unclaimed + [request.id for request in await self._book.requests_of(me)]

    async def cancel(self, person: Known, payment: str) -> tuple[Step, tuple[Say, ...]]:
        """Cancel the transfer or request with this id, if it is the person's and can still be cancelled."""
        transfer = await self._book.transfer(payment)
        if transfer is not None and await self._is_theirs(transfer, person):
            return await self.stop(transfer)
        bundle = await self._book.bundle(payment)
        if bundle is not None and bundle.payer == person.person.id:
            return await self._cancel_bundle(bundle)
        request = await self._book.request(payment)
        mine = {person.person.id, *await self._book.ties.formers(person.person.id)}
        if request is None or request.asker not in mine:
            raise NoSuchPaymentError(payment=payment)
        asked = await self._requests.cancel(request)
        return asked.step, asked.says

    async def _is_theirs(self, transfer: Transfer, person: Known) -> bool:
        """Whether it is the person's money, or a refund that they asked for in a shop's name."""
        if transfer.payer == person.person.id:
            return True
        asked = await self._book.sale_refund(transfer.id)
        return asked is not None and asked.actor == person.person.id

    async def close_card(self, card: Card) -> tuple[Step, tuple[Say, ...]]:
        """Cancel a card that awaits approval; whatever was confirmed is not touched."""
        if isinstance(card, Bundle):
            return await self._cancel_bundle(card)
        if card.state is not TransferState.AWAITING_APPROVAL:
            raise NotPossibleNowError(payment=card.id, state=card.state, wanted="cancel")
        return await self.stop(card)

    async def _cancel_bundle(self, bundle: Bundle) -> tuple[Step, tuple[Say, ...]]:
        """All of an open card; once it is approved, each payment is cancelled by its own id, if at all."""
        if not bundle.is_open:
            raise NotPossibleNowError(payment=bundle.id, state="under_way", wanted="cancel")
        cancelled = advance_all(bundle, TransferHappening.CANCEL, self._clock.now())
        return Step(records=cancelled.parts), await self._bundle_news.closed(cancelled)

    async def stop(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """End a card, a payment that has not reached its rail, or take back what nobody has claimed.

        An open card for several payments ends as a whole. Raises `NotPossibleNowError` for what has moved on.
        """
        if transfer.bundle is not None and transfer.state is TransferState.AWAITING_APPROVAL:
            bundle = await self._book.bundle(transfer.bundle)
            assert bundle is not None  # the transfer is in it
            return await self._cancel_bundle(bundle)
        if transfer.state is TransferState.CLAIMABLE:
            return await self._claims.take_back(transfer)
        cancelled = transfers.advance(transfer, TransferHappening.CANCEL, self._clock.now())
        step = Step(records=(cancelled,))
        for leg in await self._book.legs(transfer.id):
            step += _stop(transfer, leg)
        followed, more = await self._requests.follow(cancelled)
        return step + followed, (*await self._news.closed(cancelled), *more)


def _stop(transfer: Transfer, leg: Leg) -> Step:
    """End a leg that has not reached its rail; what it held is released."""
    if leg.state is LegState.READY:
        stopped, effect = legs.advance(leg, LegHappening.CANCEL)
    elif leg.state is LegState.RESERVED:
        stopped, effect = legs.advance(leg, LegHappening.REFUSE)
    else:
        raise NotPossibleNowError(payment=transfer.id, state="under_way", wanted="cancel")
    journals = legs.journals(stopped, effect, held_before=False)
    return Step(records=(replace(stopped, due=None, code="cancelled"),), journals=journals)
