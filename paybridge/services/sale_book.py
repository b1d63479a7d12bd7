"""What the use cases need of the book for what shops sell, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.sale import Item, Sale, Taking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.shop import Shop

SaleRecord = Item | Sale | Taking


class SaleBook(Protocol):
    """The part of the book that keeps catalogues and orders."""

    async def open_shops(self) -> Sequence[Shop]: ...
    async def item(self, item: str) -> Item | None: ...
    async def items(self, shop: str) -> Sequence[Item]:
        """What the shop sells now, oldest first."""

    async def sale(self, sale: str) -> Sale | None:
        """The order that this payment is for, if it is for one."""

    async def sales_of(self, shop: str) -> Sequence[Sale]:
        """Orders that are paid and that the shop has not completed, oldest first."""

    async def sales_to(self, buyer: str) -> Sequence[Sale]: ...
    async def takings(self, sale: str) -> Sequence[Taking]:
        """What it takes of each item."""
