"""Where a payment's money comes from: the balance if it covers everything, else one linked account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.people import Link, LinkState
from paybridge.services.ports import Book, Order, Quote, Rail, RailError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class NoLinkedAccountError(UserError):
    """The person has no verified account that could be used."""

    key = "error.no_linked_account"


class NothingToPayWithError(UserError):
    """The balance does not cover the payment, and there is no linked account that could."""

    key = "error.nothing_to_pay_with"
    private = True

    def __init__(self, *, needed: Money, spendable: Money) -> None:
        super().__init__(needed=needed, spendable=spendable)


class CurrencyNotHeldError(UserError):
    """The linked account's rail does not hold this currency."""

    key = "error.currency_not_held"

    def __init__(self, *, currency: str, held: str) -> None:
        super().__init__(currency=currency, held=held)


class OutsideRailLimitsError(UserError):
    """The rail takes no order of this size."""

    key = "error.outside_rail_limits"

    def __init__(self, *, least: Money, most: Money) -> None:
        super().__init__(least=least, most=most)


class RailAwayError(UserError):
    """The rail cannot be reached just now."""

    key = "error.rail_away"


@dataclass(frozen=True, slots=True)
class Source:
    """A source: `link` None is the balance. `quote` is what the rail takes on top."""

    link: Link | None
    quote: Quote


class Sources:
    """Finds sources and asks rails what they cost."""

    def __init__(self, book: Book, rails: Mapping[str, Rail]) -> None:
        self._book = book
        self._rails = rails

    async def for_payment(self, payer: str, amount: Money) -> Source:
        """The balance if it covers `amount`, else the payer's default account for all of it."""
        spendable = await self._book.balance(payer, amount.currency)
        nothing = Money.zero(amount.currency)
        if spendable >= amount:
            return Source(None, Quote(nothing, nothing))
        link = self._default(await self._book.links(payer))
        if link is None:
            raise NothingToPayWithError(needed=amount, spendable=spendable)
        return Source(link, await self.quote(LegKind.COLLECT, link, amount))

    async def account_of(self, person: str) -> Link:
        """The person's default verified account, or `NoLinkedAccountError`."""
        link = self._default(await self._book.links(person))
        if link is None:
            raise NoLinkedAccountError
        return link

    async def quote(self, kind: LegKind, link: Link, amount: Money) -> Quote:
        """What the link's rail takes for an order of this kind and size."""
        rail = self._rails.get(link.rail)
        if rail is None:
            raise RailAwayError
        can = rail.capabilities()
        if amount.currency not in can.currencies:
            raise CurrencyNotHeldError(currency=amount.currency, held=", ".join(sorted(can.currencies)))
        if not can.least <= amount.minor <= can.most:
            raise OutsideRailLimitsError(
                least=Money(can.least, amount.currency), most=Money(can.most, amount.currency)
            )
        try:
            return await rail.quote(Order("quote", kind, amount, link.token, ""))
        except RailError as error:
            raise RailAwayError from error

    @staticmethod
    def _default(links: Sequence[Link]) -> Link | None:
        usable = [link for link in links if link.state is LinkState.VERIFIED]
        return next((link for link in usable if link.is_default), usable[0] if usable else None)
