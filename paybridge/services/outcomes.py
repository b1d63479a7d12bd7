"""What a rail's answer means: each outcome becomes one step, whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain import leg as legs
from paybridge.domain import transfer as transfers
from paybridge.domain.leg import Leg, LegHappening, LegKind, LegState
from paybridge.domain.transfer import Transfer, TransferHappening
from paybridge.services.approvals import end
from paybridge.services.figures import Durations
from paybridge.services.homes import brought_home
from paybridge.services.ports import (
    Book,
    BookUnavailableError,
    Clock,
    NotFound,
    Outcome,
    Pending,
    Prepared,
    Refused,
    Reversed,
    Settled,
    StaleError,
    Step,
    Unsure,
    Vault,
    Wakeup,
)
from paybridge.services.says import Say, seal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.money import Money
    from paybridge.services.news import News
    from paybridge.services.requests import Requests
    from paybridge.services.settings import Settings

FIRST_DELAY: Final = timedelta(seconds=1)
LONGEST_DELAY: Final = timedelta(minutes=10)
THEIR_TURN: Final = "their_turn"
"""The code of a leg whose payer was told what to open."""

_MOST_DOUBLINGS: Final = 10


def backoff(attempts: int, jitter: float) -> timedelta:
    """How long to wait after `attempts` tries: doubled each time, ten minutes at most.

    `jitter`, from 0 to 1, takes away up to half of it: what failed together shall not come back together.
    """
    doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY) * (1 - jitter / 2)


class Outcomes:
    """Makes the step of an outcome and commits it. `jitter` gives numbers from 0 to 1."""

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, each once
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        news: News,
        requests: Requests,
        wakeup: Wakeup,
        jitter: Callable[[], float],
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._news = news
        self._requests = requests
        self._wakeup = wakeup
        self._jitter = jitter
        self.settled = Durations()

    def delay(self, attempts: int) -> timedelta:
        """How long to wait after so many tries."""
        return backoff(attempts, self._jitter())

    async def commit(self, step: Step, says: Sequence[Say] = ()) -> None:
        """Write `step` with what is to be said, and wake whoever says it."""
        now = self._clock.now()
        told = await brought_home(self._book, self._settings.bridges, says)
        posts = tuple(seal(self._vault, say, now) for say in told)
        try:
            await self._book.commit(step + Step(posts=posts))
        except BookUnavailableError:
            # It may be written all the same, and what it says is then to be said.
            self._wakeup.ring()
            raise
        self._wakeup.ring()

    async def take(self, leg: Leg, transfer: Transfer, outcome: Outcome) -> Leg:
        """Save what came back for an order that was executed. Returns the leg as it is now.

        Anything that is not clear leaves the money where it is, and the leg to be asked about again.
        """
        match outcome:
            case Settled() | Reversed():
                return await self._take_moved(leg, transfer, outcome)
            case Refused(code=code):
                return await self.refuse(leg, transfer, code)
            case Pending(next_poll=wait, asks=str(link)) if leg.code != THEIR_TURN:
                says = await self._news.their_turn(transfer, leg, link)
                return await self.ask_again(replace(leg, code=THEIR_TURN), wait, says)
            case Pending(next_poll=wait):
                return await self.ask_again(leg, wait)
            case Unsure(reason=reason):
                return await self.lose_track(leg, transfer, reason)
            case NotFound() | Prepared():
                return await self.ask_again(leg, timedelta(0))

    async def _take_moved(self, leg: Leg, transfer: Transfer, moved: Settled | Reversed) -> Leg:
        match moved:
            case Settled(amount=amount, fee=fee) if amount == leg.amount and fee <= leg.highest_fee:
                return await self._settle(leg, transfer, moved)
            case Reversed(amount=amount) if amount == leg.amount and leg.kind is not LegKind.PAYOUT:
                return await self.refuse(leg, transfer, "reversed")
            case Reversed(remote_id=remote, amount=amount, fee=fee) if amount <= leg.amount and (
                fee is None or fee <= leg.highest_fee
            ):
                # It has settled, which is booked first: a payout's fee is gone even if all of it came back.
                # Asked again, the rail says what it took back.
                settled = Settled(remote, leg.amount, leg.fee if fee is None else fee)
                return await self._settle(leg, transfer, settled, ask_again=self._clock.now())
            case _:
                return await self.lose_track(leg, transfer, "the rail reports another amount")

    async def ask_again(self, leg: Leg, wait: timedelta, says: Sequence[Say] = ()) -> Leg:
        """Look at the leg again after `wait`."""
        later = replace(leg, attempts=leg.attempts + 1, due=self._clock.now() + wait)
        await self.commit(Step(records=(later,)), says)
        return _written(later)

    def at_once(self, leg: Leg) -> Step:
        """Look at the leg now, which is no try of its own."""
        return Step(records=(replace(leg, due=self._clock.now()),))

    async def postpone(self, leg: str) -> None:
        """Whatever went wrong with this leg, it is looked at again later."""
        fresh = await self._book.leg_by_reference(leg)
        if fresh is not None and fresh.due is not None:
            await self.ask_again(fresh, self.delay(fresh.attempts + 1))

    async def lose_track(self, leg: Leg, transfer: Transfer, reason: str) -> Leg:
        """Nobody knows: unsure, said once, asked about until somebody does."""
        lost = leg
        if leg.state is LegState.EXECUTING:
            lost, _ = legs.advance(leg, LegHappening.LOSE_TRACK)
        attempts = leg.attempts + 1
        first = lost.code in {None, THEIR_TURN}
        later = replace(
            lost, attempts=attempts, code=reason[:80], due=self._clock.now() + self.delay(attempts)
        )
        says = await self._news.delayed(transfer, unsure=True) if first else ()
        await self.commit(Step(records=(later,)), says)
        return _written(later)

    async def refuse(self, leg: Leg, transfer: Transfer, code: str) -> Leg:
        """The rail refused for good: what was held is released, what was to follow is cancelled."""
        refused, effect = legs.advance(leg, LegHappening.REFUSE)
        refused = replace(refused, code=code, due=None)
        cancelled = [
            replace(legs.advance(other, LegHappening.CANCEL)[0], due=None)
            for other in await self._book.legs(transfer.id)
            if other.id != leg.id and other.state is LegState.READY
        ]
        ended = transfers.advance(transfer, TransferHappening.REFUSE, self._clock.now())
        ended = replace(ended, reason=code)
        journals = legs.journals(refused, effect, held_before=False)
        followed, more = await self._requests.follow(ended)
        step = Step(records=(ended, refused, *cancelled), journals=journals) + followed
        await self.commit(step, (*await self._news.refused(ended, code), *more))
        return _written(refused)

    async def _settle(
        self, leg: Leg, transfer: Transfer, settled: Settled, ask_again: datetime | None = None
    ) -> Leg:
        done, effect = legs.advance(leg, LegHappening.SETTLE)
        done = replace(done, fee=settled.fee, remote_id=settled.remote_id, due=ask_again)
        step = Step(records=(done,), journals=legs.journals(done, effect, held_before=False))
        if leg.kind is LegKind.COLLECT:
            booked, effect = legs.advance(await self._waiting_book_leg(transfer), LegHappening.BOOK)
            ended = end(transfer, booked, self._settings, self._clock)
            step += Step(records=(booked,), journals=legs.journals(booked, effect, held_before=True))
        else:
            ended = transfers.advance(transfer, TransferHappening.SETTLE, self._clock.now())
        ended = replace(ended, fee=_charged(transfer, settled.fee))
        followed, more = await self._requests.follow(ended)
        says = (*await self._news.arrived(ended), *more)
        await self.commit(step + Step(records=(ended,)) + followed, says)
        if transfer.approved is not None:
            self.settled.took((self._clock.now() - transfer.approved).total_seconds())
        return _written(done)

    async def _waiting_book_leg(self, transfer: Transfer) -> Leg:
        """The book leg that follows a collect; `StaleError` if somebody else had its answer first."""
        found = next(leg for leg in await self._book.legs(transfer.id) if leg.kind is LegKind.BOOK)
        if found.state is not LegState.READY:
            raise StaleError(f"{found.id} is {found.state} already")
        return found


def _charged(transfer: Transfer, fee: Money) -> Money:
    """What the payer really paid on top: never more than the card said."""
    return min(fee, transfer.fee)


def _written(leg: Leg) -> Leg:
    return replace(leg, version=leg.version + 1)
