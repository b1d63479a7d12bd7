"""What an amount costs each way that a person could send it, before they send anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.leg import LegKind
from paybridge.domain.people import LinkState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.money import Money
    from paybridge.domain.people import Link
    from paybridge.services.accounts import Accounts
    from paybridge.services.ports import Book
    from paybridge.services.sources import Sources

WAYS: Final = (LegKind.COLLECT, LegKind.PAYOUT)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an order of this kind costs at most with one account; None where its rail takes no such order."""

    link: Link
    kind: LegKind
    fee: Money | None


class Costs:
    """Asks the rails of a person's accounts."""

    def __init__(self, book: Book, accounts: Accounts, sources: Sources) -> None:
        self._book = book
        self._accounts = accounts
        self._sources = sources

    async def of(self, person: str, amount: Money) -> Sequence[Cost]:
        """What paying from and cashing out to each verified account that holds the currency costs."""
        links = [link for link in await self._book.links(person) if link.state is LinkState.VERIFIED]
        return [
            Cost(link, kind, await self._fee(kind, link, amount))
            for kind in WAYS
            for link in links
            if self._accounts.fits(link, kind, amount.currency)
        ]

    async def _fee(self, kind: LegKind, link: Link, amount: Money) -> Money | None:
        try:
            return (await self._sources.quote(kind, link, amount)).highest_fee
        except UserError:
            return None
