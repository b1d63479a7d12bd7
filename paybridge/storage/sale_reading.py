"""What the book answers about what shops sell, and about orders, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, text

from paybridge.storage import rows, sale_rows, shop_rows
from paybridge.storage.sale_tables import (
    IS_NUMBERED,
    IS_OFFERED,
    IS_TO_DO,
    item,
    refund_line,
    sale,
    sale_refund,
    taking,
)
from paybridge.storage.shop_tables import IS_OPEN_SHOP, shop
from paybridge.storage.tables import transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.order_refund import RefundLine, SaleRefund
    from paybridge.domain.sale import Item, Sale, Taking
    from paybridge.domain.shop import Shop
    from paybridge.domain.transfer import Transfer
    from paybridge.storage.reading import Reading

OPEN_SHOPS: Final = select(shop).where(text(f"shop.{IS_OPEN_SHOP}")).order_by(shop.c.owner)
ITEM: Final = select(item).where(item.c.id == bindparam("id"))
ITEMS: Final = (
    select(item)
    .where(text(f"item.{IS_OFFERED}"), item.c.shop == bindparam("shop"))
    .order_by(item.c.created, item.c.id)
)
SALE: Final = select(sale).where(sale.c.id == bindparam("id"))
NUMBERED: Final = (
    select(sale)
    .where(
        text(f"sale.{IS_NUMBERED}"),
        sale.c.shop == bindparam("shop"),
        sale.c.number == bindparam("number"),
    )
    .order_by(sale.c.year.desc())
)
SALES_OF: Final = (
    select(sale)
    .where(text(f"sale.{IS_TO_DO}"), sale.c.shop == bindparam("shop"))
    .order_by(sale.c.created, sale.c.id)
)
SALES_TO: Final = (
    select(sale)
    .where(text(f"sale.{IS_TO_DO}"), sale.c.buyer == bindparam("buyer"))
    .order_by(sale.c.created, sale.c.id)
)
TAKINGS: Final = select(taking).where(taking.c.sale == bindparam("sale")).order_by(taking.c.item)
SALE_REFUND: Final = select(sale_refund).where(sale_refund.c.id == bindparam("id"))
REFUND_LINES: Final = (
    select(refund_line).where(refund_line.c.refund == bindparam("refund")).order_by(refund_line.c.taking)
)
REFUNDS_TO_CONFIRM: Final = (
    select(transfer)
    .join(sale_refund, sale_refund.c.id == transfer.c.id)
    .where(sale_refund.c.actor == bindparam("actor"), text("transfer.state = 'awaiting_approval'"))
    .order_by(transfer.c.created.desc(), transfer.c.id)
)


class SaleReading:
    """The part of the book that keeps catalogues and orders."""

    _reader: Reading

    async def open_shops(self) -> Sequence[Shop]:
        return [shop_rows.shop_of(row) for row in await self._reader.rows(OPEN_SHOPS, {})]

    async def item(self, item: str) -> Item | None:
        row = await self._reader.first(ITEM, {"id": item})
        return None if row is None else sale_rows.item_of(row)

    async def items(self, shop: str) -> Sequence[Item]:
        return [sale_rows.item_of(row) for row in await self._reader.rows(ITEMS, {"shop": shop})]

    async def sale(self, sale: str) -> Sale | None:
        row = await self._reader.first(SALE, {"id": sale})
        return None if row is None else sale_rows.sale_of(row)

    async def sale_numbered(self, shop: str, number: int) -> Sale | None:
        row = await self._reader.first(NUMBERED, {"shop": shop, "number": number})
        return None if row is None else sale_rows.sale_of(row)

    async def sales_of(self, shop: str) -> Sequence[Sale]:
        return [sale_rows.sale_of(row) for row in await self._reader.rows(SALES_OF, {"shop": shop})]

    async def sales_to(self, buyer: str) -> Sequence[Sale]:
        return [sale_rows.sale_of(row) for row in await self._reader.rows(SALES_TO, {"buyer": buyer})]

    async def takings(self, sale: str) -> Sequence[Taking]:
        return [sale_rows.taking_of(row) for row in await self._reader.rows(TAKINGS, {"sale": sale})]

    async def sale_refund(self, refund: str) -> SaleRefund | None:
        row = await self._reader.first(SALE_REFUND, {"id": refund})
        return None if row is None else sale_rows.sale_refund_of(row)

    async def refund_lines(self, refund: str) -> Sequence[RefundLine]:
        found = await self._reader.rows(REFUND_LINES, {"refund": refund})
        return [sale_rows.refund_line_of(row) for row in found]

    async def refunds_to_confirm(self, actor: str) -> Sequence[Transfer]:
        found = await self._reader.rows(REFUNDS_TO_CONFIRM, {"actor": actor})
        return [rows.transfer_of(row) for row in found]
