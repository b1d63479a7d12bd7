"""How strongly a payer must approve: by the card's code alone, or with their second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.approval import check_allowance, needs_factor
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferKind

if TYPE_CHECKING:
    from paybridge.services.factors import Factors
    from paybridge.services.ports import Book
    from paybridge.services.settings import Settings


class Strength:
    """Asks the rules of the domain, with what the book knows of the payer."""

    def __init__(self, book: Book, factors: Factors, settings: Settings) -> None:
        self._book = book
        self._factors = factors
        self._settings = settings

    async def check(self, transfer: Transfer) -> None:
        """Raise unless the payer could approve this at all; somebody without a factor has an allowance."""
        if transfer.kind is TransferKind.PAY and await self._factors.active(transfer.payer) is None:
            await self.check_by_code(transfer)

    async def check_by_code(self, transfer: Transfer) -> None:
        """Raise unless the code alone may approve this, of a payer who has no factor."""
        if transfer.kind is not TransferKind.PAY:
            return
        before = await self._book.approved_so_far(transfer.payer)
        currency = transfer.amount.currency
        spent = Money(before.sums.get(currency, 0), currency)
        check_allowance(transfer, self._settings.allowance, count=before.count, spent=spent)

    async def needs_factor(self, transfer: Transfer, device: str | None = None) -> bool:
        """Whether the payer must give their second factor; `device` is what they approve from, if known."""
        factor = await self._factors.active(transfer.payer)
        if factor is None:
            return False
        known = transfer.kind is TransferKind.PAY and transfer.payee_mxid in await self._book.paid_before(
            transfer.payer
        )
        return needs_factor(transfer, self._settings.allowance, factor, known_payee=known, device=device)
