"""What the use cases need of the book for what shops sell, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.order_refund import RefundLine, SaleRefund
from paybridge.domain.sale import Item, Sale, Taking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.shop import Shop
    from paybridge.domain.transfer import Transfer

SaleRecord = Item | Sale | Taking | SaleRefund | RefundLine


class SaleBook(Protocol):
    """The part of the book that keeps catalogues and orders."""

    async def open_shops(self) -> Sequence[Shop]: ...
    async def item(self, item: str) -> Item | None: ...
    async def items(self, shop: str) -> Sequence[Item]:
        """What the shop sells now, oldest first."""

    async def sale(self, sale: str) -> Sale | None:
        """The order that this payment is for, if it is for one."""

    async def sale_numbered(self, shop: str, number: int) -> Sale | None:
        """The newest order of the shop with this number."""

    async def sales_of(self, shop: str) -> Sequence[Sale]:
        """Orders that are paid and that the shop has not completed, oldest first."""

    async def sales_to(self, buyer: str) -> Sequence[Sale]: ...
    async def takings(self, sale: str) -> Sequence[Taking]:
        """What it takes of each item."""

    async def sale_refund(self, refund: str) -> SaleRefund | None:
        """What this refund gives back of an order, if it is one of an order's pieces."""

    async def refund_lines(self, refund: str) -> Sequence[RefundLine]: ...
    async def refunds_to_confirm(self, actor: str) -> Sequence[Transfer]:
        """Open cards of refunds of orders that this person asked for, newest first."""
