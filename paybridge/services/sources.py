"""Where a payment's money comes from: the balance if it covers everything, else one linked account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.people import Link
from paybridge.services.accounts import BALANCE_WORDS, Accounts, NoLinkedAccountError
from paybridge.services.ports import Book, Order, OrderRefusedError, Quote, Rail, RailError
from paybridge.services.rail_pauses import check_not_paused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class NothingToPayWithError(UserError):
    """The balance does not cover the payment, and there is no linked account that could."""

    key = "error.nothing_to_pay_with"
    private = True

    def __init__(self, *, needed: Money, spendable: Money) -> None:
        super().__init__(needed=needed, spendable=spendable)


class NotEnoughBalanceError(UserError):
    """The balance does not cover it."""

    key = "error.not_enough_balance"
    private = True

    def __init__(self, *, needed: Money, spendable: Money) -> None:
        super().__init__(needed=needed, spendable=spendable)


class OutsideRailLimitsError(UserError):
    """The rail takes no order of this size."""

    key = "error.outside_rail_limits"

    def __init__(self, *, least: Money, most: Money) -> None:
        super().__init__(least=least, most=most)


class RailAwayError(UserError):
    """The rail cannot be reached just now."""

    key = "error.rail_away"


class DailyLimitError(UserError):
    """The account may send no more today."""

    key = "error.daily_limit"
    private = True


class NightLimitError(UserError):
    """The account may send no more in this night."""

    key = "error.night_limit"
    private = True


class OrderNotTakenError(UserError):
    """The rail takes no such order, for a reason of its own."""

    key = "error.order_not_taken"

    def __init__(self, *, code: str) -> None:
        super().__init__(code=code[:40])


@dataclass(frozen=True, slots=True)
class Source:
    """A source: `link` None is the balance. `quote` is what the rail takes on top."""

    link: Link | None
    quote: Quote


class Sources:
    """Finds sources and asks rails what they cost."""

    def __init__(self, book: Book, rails: Mapping[str, Rail], accounts: Accounts) -> None:
        self._book = book
        self._rails = rails
        self._accounts = accounts

    async def for_payment(self, payer: str, amount: Money, said: str = "") -> Source:
        """The balance if it covers `amount`, else the payer's account for all of it.

        `said` is what the payer calls the source, if they name one: `balance`, or as `Accounts.choose` reads.
        """
        return (await self.for_payments(payer, (amount,), said))[0]

    async def for_payments(self, payer: str, amounts: Sequence[Money], said: str = "") -> Sequence[Source]:
        """The same for several payments at once: all of them from the balance, or all from one account."""
        amount = sum(amounts[1:], amounts[0])
        spendable = await self._book.balance(payer, amount.currency)
        nothing = Money.zero(amount.currency)
        from_balance = said.casefold() in BALANCE_WORDS
        if from_balance and spendable < amount:
            raise NotEnoughBalanceError(needed=amount, spendable=spendable)
        if from_balance or (not said and spendable >= amount):
            return [Source(None, Quote(nothing, nothing))] * len(amounts)
        try:
            link = await self._accounts.choose(payer, LegKind.COLLECT, amount.currency, said)
        except NoLinkedAccountError as error:
            if said:
                raise
            raise NothingToPayWithError(needed=amount, spendable=spendable) from error
        return [Source(link, await self.quote(LegKind.COLLECT, link, each)) for each in amounts]

    async def quote(self, kind: LegKind, link: Link, amount: Money) -> Quote:
        """What the link's rail takes for an order of this kind and size, or why it takes none."""
        await check_not_paused(self._book, (link.rail,))
        rail = self._rails.get(link.rail)
        if rail is None:
            raise RailAwayError
        can = rail.capabilities()
        if not can.least <= amount.minor <= can.most_of(amount.currency):
            raise OutsideRailLimitsError(
                least=Money(can.least, amount.currency),
                most=Money(can.most_of(amount.currency), amount.currency),
            )
        try:
            return await rail.quote(Order("quote", kind, amount, link.token, ""))
        except OrderRefusedError as refused:
            raise _why(refused.code) from refused
        except RailError as error:
            raise RailAwayError from error


def _why(code: str) -> UserError:
    match code:
        case "daily_limit":
            return DailyLimitError()
        case "night_limit":
            return NightLimitError()
        case _:
            return OrderNotTakenError(code=code)
