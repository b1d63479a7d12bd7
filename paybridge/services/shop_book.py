"""What the use cases need of the book for shops, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.invoice import Invoice
from paybridge.domain.shop import Series, Shop

if TYPE_CHECKING:
    from collections.abc import Sequence

ShopRecord = Shop | Series | Invoice


class ShopBook(Protocol):
    """The part of the book that keeps shops and their invoices."""

    async def shop(self, shop: str) -> Shop | None: ...
    async def shop_of(self, owner: str) -> Shop | None:
        """The person's open shop; there is one at most."""

    async def series(self, series: str) -> Series | None: ...
    async def invoice(self, invoice: str) -> Invoice | None:
        """The invoice that this request is, if it is one."""

    async def invoices(self, shop: str) -> Sequence[Invoice]:
        """All of the shop, by year and number."""
