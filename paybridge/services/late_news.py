"""What a rail says of an order that was over: it is so, or the money was taken back, or moved late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from paybridge.domain import ledger
from paybridge.domain import leg as legs
from paybridge.domain import transfer as transfers
from paybridge.domain.leg import Leg, LegHappening, LegKind, LegState
from paybridge.domain.reversal import bearers, not_twice, take_back
from paybridge.domain.transfer import Transfer, TransferHappening, TransferState
from paybridge.services.figures import LateTally
from paybridge.services.ports import (
    Book,
    Clock,
    NotFound,
    Outcome,
    OverdraftError,
    Pending,
    Reversed,
    Settled,
    StaleError,
    Step,
    Unsure,
)

if TYPE_CHECKING:
    from paybridge.services.news import News
    from paybridge.services.outcomes import Outcomes

log = structlog.get_logger(__name__)


class LateNews:
    """Takes what a rail answers about a leg that is settled or refused.

    What cannot follow from there is counted and logged, and nothing is booked: somebody must look.
    """

    def __init__(self, book: Book, clock: Clock, outcomes: Outcomes, news: News) -> None:
        self._book = book
        self._clock = clock
        self._outcomes = outcomes
        self._news = news
        self.tally = LateTally()

    async def take(self, leg: Leg, transfer: Transfer, outcome: Outcome) -> None:
        """Book what follows, and ask no more; ask again if it is not clear."""
        match leg.state, outcome:
            case _, Pending() | Unsure() | NotFound(final=False):
                await self._outcomes.ask_again(leg, self._outcomes.delay(leg.attempts + 1))
            case LegState.SETTLED, Reversed(amount=amount) if amount <= leg.amount:
                await self._reverse(leg, outcome)
            case LegState.REFUSED, Settled(amount=amount) if amount == leg.amount:
                await self._suspend(leg, transfer, outcome)
            case LegState.SETTLED, Settled(amount=amount) if amount == leg.amount:
                await self._ask_no_more(leg)
            case LegState.REFUSED, _ if not isinstance(outcome, Settled):
                await self._ask_no_more(leg)
            case _:
                self.tally.contradictions += 1
                log.error(
                    "a rail says otherwise than the books",
                    leg=leg.id,
                    rail=leg.rail,
                    amount=str(leg.amount),
                    books=leg.state,
                    rail_says=type(outcome).__name__,
                )
                await self._ask_no_more(leg)

    async def _ask_no_more(self, leg: Leg) -> None:
        await self._outcomes.commit(Step(records=(replace(leg, due=None),)))

    async def _reverse(self, leg: Leg, outcome: Reversed) -> None:
        """Take it back as far as it is there; the rest is owed."""
        transfer = await self._book.transfer(leg.transfer)
        assert transfer is not None  # a leg's transfer is a foreign key
        if transfer.state is TransferState.REVERSED:
            raise StaleError("somebody else was told of it in this very moment")
        amount = outcome.amount
        if leg.kind is LegKind.DIRECT:
            # What went past our books comes back past them.
            payers = await self._book.balance(transfer.payer, amount.currency)
            journals, losses = not_twice(transfer, leg, amount, payers)
        else:
            spendable = {
                person: await self._book.balance(person, amount.currency)
                for person in bearers(transfer, amount)
            }
            journal, losses = take_back(transfer, leg, amount, spendable)
            journals = (journal,)
        # Whoever owes has given all that they had: not more may have come in this very moment.
        empties = tuple(
            (ledger.person(loss.person), amount.currency) for loss in losses if loss.owes.is_positive
        )
        gone, _ = legs.advance(leg, LegHappening.REVERSE)
        gone = replace(gone, due=None, taken_back=amount.minor)
        ended = transfers.advance(transfer, TransferHappening.REVERSE, self._clock.now())
        says = await self._news.reversed(ended, amount, losses)
        try:
            await self._outcomes.commit(Step(records=(ended, gone), journals=journals, empties=empties), says)
        except OverdraftError as error:
            raise StaleError("they spent it in this very moment") from error
        self.tally.reversals += 1
        owed = [str(loss.owes) for loss in losses if loss.owes.is_positive]
        log.warning("a rail took money back", leg=leg.id, rail=leg.rail, amount=str(amount), owed=owed)

    async def _suspend(self, leg: Leg, transfer: Transfer, outcome: Settled) -> None:
        """The rail moved what was given up: it is nobody's until somebody decides."""
        late, effect = legs.advance(leg, LegHappening.SUCCEED_LATE)
        late = replace(late, due=None, fee=outcome.fee, remote_id=outcome.remote_id)
        journals = legs.journals(late, effect, held_before=False)
        says = await self._news.moved_late(transfer, leg.kind)
        await self._outcomes.commit(Step(records=(late,), journals=journals), says)
        self.tally.suspensions += 1
        log.error("a rail moved money of a refused order", leg=leg.id, rail=leg.rail, amount=str(leg.amount))
