"""What a payment buys: pieces of an order or tickets of an event, moved in its own steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Step
    from paybridge.services.says import Say
    from paybridge.services.stock import Stock
    from paybridge.services.ticket_issue import TicketIssue


class Goods:
    """Asks both what a payment's move means; a payment is for one of them at most."""

    def __init__(self, stock: Stock, tickets: TicketIssue) -> None:
        self._stock = stock
        self._tickets = tickets

    async def taken(self, card: Transfer) -> Step:
        """What the approval takes out of a stock or holds of places; raises what makes that impossible."""
        return await self._stock.taken(card) + await self._tickets.taken(card)

    async def follow(self, transfer: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """What the payment's new state means for what it buys."""
        step, says = await self._stock.follow(transfer)
        more, told = await self._tickets.follow(transfer)
        return step + more, (*says, *told)

    async def refunded(self, original: Transfer, refund: Transfer) -> tuple[Step, tuple[Say, ...]]:
        """What the approved `refund` means for what `original` bought; raises what makes it impossible."""
        step, says = await self._stock.refunded(original, refund.id)
        more, told = await self._tickets.refunded(original, refund)
        return step + more, (*says, *told)
