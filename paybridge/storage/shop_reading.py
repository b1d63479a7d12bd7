"""What the book answers about shops and their invoices, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, bindparam, select, text

from paybridge.storage import shop_rows
from paybridge.storage.shop_tables import (
    HAS_RIGHTS,
    IS_OPEN_SHOP,
    invoice,
    series,
    shop,
    shop_act,
    shop_staff,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.invoice import Invoice
    from paybridge.domain.shop import Series, Shop
    from paybridge.domain.shop_staff import ShopAct, Staff
    from paybridge.storage.reading import Reading

SHOP: Final = select(shop).where(shop.c.id == bindparam("id"))
SHOP_OF: Final = select(shop).where(text(f"shop.{IS_OPEN_SHOP}"), shop.c.owner == bindparam("owner"))
SERIES: Final = select(series).where(series.c.id == bindparam("id"))
INVOICE: Final = select(invoice).where(invoice.c.id == bindparam("id"))
INVOICES: Final = (
    select(invoice).where(invoice.c.shop == bindparam("shop")).order_by(invoice.c.year, invoice.c.number)
)
STAFF: Final = select(shop_staff).where(shop_staff.c.id == bindparam("id"))
STAFF_OF: Final = (
    select(shop_staff).where(shop_staff.c.shop == bindparam("shop")).order_by(shop_staff.c.person)
)
ACTS_FOR: Final = (
    select(shop_staff)
    .where(text(f"shop_staff.{HAS_RIGHTS}"), shop_staff.c.person == bindparam("person"))
    .order_by(shop_staff.c.shop)
)
ACTS: Final = (
    select(shop_act)
    .where(shop_act.c.shop == bindparam("shop"))
    .order_by(shop_act.c.at.desc(), shop_act.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


class ShopReading:
    """The part of the book that keeps shops."""

    _reader: Reading

    async def shop(self, shop: str) -> Shop | None:
        row = await self._reader.first(SHOP, {"id": shop})
        return None if row is None else shop_rows.shop_of(row)

    async def shop_of(self, owner: str) -> Shop | None:
        row = await self._reader.first(SHOP_OF, {"owner": owner})
        return None if row is None else shop_rows.shop_of(row)

    async def series(self, series: str) -> Series | None:
        row = await self._reader.first(SERIES, {"id": series})
        return None if row is None else shop_rows.series_of(row)

    async def invoice(self, invoice: str) -> Invoice | None:
        row = await self._reader.first(INVOICE, {"id": invoice})
        return None if row is None else shop_rows.invoice_of(row)

    async def invoices(self, shop: str) -> Sequence[Invoice]:
        return [shop_rows.invoice_of(row) for row in await self._reader.rows(INVOICES, {"shop": shop})]

    async def staff(self, staff: str) -> Staff | None:
        row = await self._reader.first(STAFF, {"id": staff})
        return None if row is None else shop_rows.staff_of(row)

    async def staff_of(self, shop: str) -> Sequence[Staff]:
        return [shop_rows.staff_of(row) for row in await self._reader.rows(STAFF_OF, {"shop": shop})]

    async def acts_for(self, person: str) -> Sequence[Staff]:
        return [shop_rows.staff_of(row) for row in await self._reader.rows(ACTS_FOR, {"person": person})]

    async def acts_of(self, shop: str, limit: int) -> Sequence[ShopAct]:
        found = await self._reader.rows(ACTS, {"shop": shop, "limit": limit})
        return [shop_rows.act_of(row) for row in found]
