"""What rails moved that nobody is due, and what people owe: listing it, and settling it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain import ledger
from paybridge.domain.errors import UserError
from paybridge.domain.ledger import Account, AccountKind, Journal, Line, move
from paybridge.domain.leg import Leg, LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import Book, Step
from paybridge.services.request_errors import NoSuchPaymentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.services.admin_book import Debt

MOST_LISTED: Final = 20
LOSSES: Final = Account("losses", AccountKind.EQUITY)
"""What the house gave up."""


class NothingSuspendedError(UserError):
    """Nothing lies in suspense for this payment."""

    key = "error.nothing_suspended"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


class NotASideError(UserError):
    """The person neither paid it nor was to be paid by it."""

    key = "error.not_a_side"

    def __init__(self, *, payment: str, who: str) -> None:
        super().__init__(payment=payment, who=who)


class OwesNothingError(UserError):
    """The person owes nothing, or something else than was to be written off."""

    key = "error.owes_nothing"

    def __init__(self, *, who: str) -> None:
        super().__init__(who=who)


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies in suspense (per rail, and the orders it came from), and who owes what."""

    sums: Sequence[tuple[str, Money]]
    legs: Sequence[Leg]
    debts: Sequence[Debt]


class Suspense:
    """The use cases around what is to be settled by hand."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def lying(self) -> Lying:
        """Everything that is to be settled; of the orders the first `MOST_LISTED`."""
        admin = self._book.admin
        return Lying(await admin.in_suspense(), await admin.suspended(MOST_LISTED), await admin.debts())

    async def to_assign(self, payment: str, person: str, who: str) -> Money:
        """What the person would get of what lies in suspense for the payment; negative if they would lose it.

        Raises `NoSuchPaymentError`, `NothingSuspendedError`, or `NotASideError`: money of a payment goes to
        one of its two sides and to nobody else.
        """
        transfer = await self._book.transfer(payment)
        if transfer is None:
            raise NoSuchPaymentError(payment=payment)
        legs = await self._book.admin.unassigned(payment)
        if not legs:
            raise NothingSuspendedError(payment=payment)
        if person not in {transfer.payer, transfer.payee}:
            raise NotASideError(payment=payment, who=who)
        return sum(map(_worth, legs), Money.zero(transfer.amount.currency))

    async def assign(self, payment: str, person: str, who: str) -> tuple[Step, Money]:
        """Give it to the person: what a rail collected is theirs, what it paid out they lose, or owe.

        Returns what they get, negative if they lose it. Raises as `to_assign` does.
        """
        total = await self.to_assign(payment, person, who)
        spendable = await self._book.balance(person, total.currency)
        journals: list[Journal] = []
        for leg in await self._book.admin.unassigned(payment):
            worth = _worth(leg)
            journals.append(_given(leg, worth, person, spendable))
            spendable = max(spendable + worth, Money.zero(total.currency))
        return Step(journals=tuple(journals), alive=(person,)), total

    async def owed(self, person: str, who: str) -> Money:
        """What the person owes, in the first currency in which they do; or `OwesNothingError`."""
        owed = await self._book.owed(person)
        if not owed:
            raise OwesNothingError(who=who)
        return owed[0]

    async def write_off(self, motion: str, person: str, who: str, amount: Money) -> Step:
        """Let the person owe `amount` no more, which is all that they owe in its currency.

        `OwesNothingError` if it is not, or not any more. The step is stale if that changes.
        """
        if amount not in await self._book.owed(person):
            raise OwesNothingError(who=who)
        debt = ledger.receivable(person)
        given_up = move(f"{motion}/write off", "write_off", motion, amount, giver=LOSSES, taker=debt)
        return Step(journals=(given_up,), empties=((debt, amount.currency),))


def _worth(leg: Leg) -> Money:
    return leg.amount if leg.kind is LegKind.COLLECT else -(leg.amount + leg.fee)


def _given(leg: Leg, worth: Money, person: str, spendable: Money) -> Journal:
    """What lay in suspense for the leg, to or from the person's balance; what is not there they owe."""
    nobody = ledger.suspense(leg.rail)
    lines = [Line(nobody, -worth)]
    if worth.is_positive:
        lines.append(Line(ledger.person(person), worth))
    else:
        taken = min(-worth, spendable)
        owes = -worth - taken
        lines += [Line(ledger.person(person), -taken)] if taken.is_positive else []
        lines += [Line(ledger.receivable(person), -owes)] if owes.is_positive else []
    return Journal(f"{leg.id}/assigned", "assign", leg.transfer, tuple(lines))
