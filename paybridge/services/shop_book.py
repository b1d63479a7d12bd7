"""What the use cases need of the book for shops, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.invoice import Invoice
from paybridge.domain.shop import Series, Shop
from paybridge.domain.shop_staff import ShopAct, Staff

if TYPE_CHECKING:
    from collections.abc import Sequence

ShopRecord = Shop | Series | Invoice | Staff | ShopAct


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

    async def staff(self, staff: str) -> Staff | None: ...
    async def staff_of(self, shop: str) -> Sequence[Staff]:
        """Whoever has or had rights in the shop."""

    async def acts_for(self, person: str) -> Sequence[Staff]:
        """The rights that the person has in others' shops, open or not."""

    async def acts_of(self, shop: str, limit: int) -> Sequence[ShopAct]:
        """The newest of what was done in its name, newest first."""
