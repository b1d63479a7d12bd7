"""How strongly a payer must approve: by the card's code alone, or with their second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.approval import check_allowance, needs_factor
from paybridge.domain.bundle import Card, parts_of
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind

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

    async def check(self, card: Card) -> None:
        """Raise unless the payer could approve this at all; somebody without a factor has an allowance."""
        if card.kind is TransferKind.PAY and await self._factors.active(card.payer) is None:
            await self.check_by_code(card)

    async def check_by_code(self, card: Card) -> None:
        """Raise unless the code alone may approve this, of a payer who has no factor."""
        if card.kind is not TransferKind.PAY:
            return
        before = await self._book.approved_so_far(card.payer)
        currency = card.amount.currency
        spent = Money(before.sums.get(currency, 0), currency)
        check_allowance(card, self._settings.allowance, count=before.count, spent=spent)

    async def needs_factor(self, card: Card, device: str | None = None) -> bool:
        """Whether the payer must give their second factor; `device` is what they approve from, if known."""
        factor = await self._factors.active(card.payer)
        if factor is None:
            return False
        known = card.kind is TransferKind.PAY and await self._all_known(card)
        return needs_factor(card, self._settings.allowance, factor, known_payees=known, device=device)

    async def _all_known(self, card: Card) -> bool:
        paid = await self._book.paid_before(card.payer)
        return all(part.payee_mxid in paid for part in parts_of(card))
