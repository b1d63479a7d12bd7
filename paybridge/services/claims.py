"""Money that waits for a payee: claimed once they are enrolled, or given back to the payer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain import ledger
from paybridge.domain import transfer as transfers
from paybridge.domain.errors import UserError
from paybridge.domain.transfer import Transfer, TransferHappening
from paybridge.services.ports import Book, Clock, Step
from paybridge.services.request_errors import NoSuchPaymentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.services.news import News
    from paybridge.services.people import Known, People
    from paybridge.services.says import Say


class NothingToClaimError(UserError):
    """No money waits for this person."""

    key = "error.nothing_to_claim"


class LinkFirstError(UserError):
    """A linked account must be proven before money can be claimed."""

    key = "error.link_first"


class Claims:
    """Claiming, sending back, taking back."""

    def __init__(self, book: Book, clock: Clock, people: People, news: News) -> None:
        self._book = book
        self._clock = clock
        self._people = people
        self._news = news

    async def find(self, payee: Known, payment: str | None) -> Sequence[Transfer]:
        """What waits for the payee: everything, or the one that they name."""
        waiting = await self._book.claimable(payee.person.id)
        chosen = [transfer for transfer in waiting if payment is None or transfer.id == payment]
        if payment is not None and not chosen:
            raise NoSuchPaymentError(payment=payment)
        if not chosen:
            raise NothingToClaimError
        return chosen

    async def claim(
        self, payee: Known, payment: str | None, *, without_account: bool = False
    ) -> tuple[Step, tuple[Say, ...], Sequence[Transfer]]:
        """Move what waits into the payee's balance: with a linked account, or `without_account`."""
        waiting = await self.find(payee, payment)
        if not without_account and not await self._people.enrolled(payee.person.id):
            raise LinkFirstError
        step = Step()
        says: tuple[Say, ...] = ()
        claimed: list[Transfer] = []
        for transfer in waiting:
            taken = transfers.advance(transfer, TransferHappening.CLAIM, self._clock.now())
            # It may have waited for somebody who is a ghost of the payee's by now.
            giver, taker = ledger.claimable(taken.payee), ledger.person(payee.person.id)
            booking = ledger.move(
                f"{taken.id}/claim", "claim", taken.id, taken.amount, giver=giver, taker=taker
            )
            step += Step(records=(taken,), journals=(booking,))
            says += await self._news.claimed(taken)
            claimed.append(taken)
        return step, says, claimed

    async def send_back(self, payee: Known, payment: str) -> tuple[Step, tuple[Say, ...]]:
        """The payee does not want it: it goes back to the payer's balance."""
        (transfer,) = await self.find(payee, payment)
        step, returned = give_back(transfer, self._clock.now())
        return step, await self._news.returned(returned, "sent_back")

    async def take_back(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """The payer changes their mind before it is claimed."""
        step, returned = give_back(transfer, self._clock.now())
        return step, await self._news.returned(returned, "taken_back")


def give_back(transfer: Transfer, at: datetime) -> tuple[Step, Transfer]:
    """The step that returns unclaimed money to the payer's balance."""
    returned = transfers.advance(transfer, TransferHappening.RETURN, at)
    giver, taker = ledger.claimable(returned.payee), ledger.person(returned.payer)
    booking = ledger.move(
        f"{returned.id}/return", "return", returned.id, returned.amount, giver=giver, taker=taker
    )
    return Step(records=(returned,), journals=(booking,)), returned
