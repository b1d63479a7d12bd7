"""What an amount costs each way that a person could send it, before they send anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.domain.people import LinkState
from paybridge.domain.transfer import TransferKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.people import Link
    from paybridge.services.accounts import Accounts
    from paybridge.services.ports import Book
    from paybridge.services.settings import Settings
    from paybridge.services.sources import Sources

WAYS: Final = {
    TransferKind.PAY: LegKind.COLLECT,
    TransferKind.TOPUP: LegKind.COLLECT,
    TransferKind.CASHOUT: LegKind.PAYOUT,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a transfer of this kind costs at most with one account; None if its rail takes no such order."""

    link: Link
    kind: TransferKind
    fee: Money | None


class Costs:
    """Asks the rails of a person's accounts."""

    def __init__(self, book: Book, accounts: Accounts, sources: Sources, settings: Settings) -> None:
        self._book = book
        self._region = settings.region
        self._accounts = accounts
        self._sources = sources

    async def of(self, person: str, amount: Money) -> Sequence[Cost]:
        """What paying from and cashing out to each verified account that holds the currency costs."""
        links = [link for link in await self._book.links(person) if link.state is LinkState.VERIFIED]
        return [
            Cost(link, kind, await self._fee(kind, link, amount))
            for kind, way in WAYS.items()
            for link in links
            if self._accounts.fits(link, way, amount.currency)
        ]

    async def _fee(self, kind: TransferKind, link: Link, amount: Money) -> Money | None:
        """The rail's and the house's together: of a payment, the rail brings in what the house takes too."""
        house = self._region.fee(amount) if kind is TransferKind.PAY else Money.zero(amount.currency)
        try:
            return (await self._sources.quote(WAYS[kind], link, amount + house)).highest_fee + house
        except UserError:
            return None
