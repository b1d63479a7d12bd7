"""Between shops with their invoices and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.invoice import Invoice
from paybridge.domain.shop import Series, Shop, ShopState
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def shop_row(shop: Shop) -> dict[str, Any]:
    return {
        "id": shop.id,
        "state": shop.state.value,
        "owner": shop.owner,
        "owner_mxid": shop.owner_mxid,
        "details": shop.details,
        "created": microseconds(shop.created),
        "version": shop.version,
    }


def shop_of(row: Row) -> Shop:
    return Shop(
        id=row["id"],
        state=ShopState(row["state"]),
        owner=row["owner"],
        owner_mxid=row["owner_mxid"],
        details=row["details"],
        created=moment(row["created"]),
        version=row["version"],
    )


def series_row(series: Series) -> dict[str, Any]:
    return {
        "id": series.id,
        "shop": series.shop,
        "year": series.year,
        "last": series.last,
        "version": series.version,
    }


def series_of(row: Row) -> Series:
    return Series(row["id"], row["shop"], row["year"], row["last"], row["version"])


def invoice_row(invoice: Invoice) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "shop": invoice.shop,
        "year": invoice.year,
        "number": invoice.number,
        "paper": invoice.paper,
        "tips": int(invoice.tips),
        "parts": int(invoice.parts),
        "tip": invoice.tip,
        "version": invoice.version,
    }


def invoice_of(row: Row) -> Invoice:
    return Invoice(
        id=row["id"],
        shop=row["shop"],
        year=row["year"],
        number=row["number"],
        paper=row["paper"],
        tips=bool(row["tips"]),
        parts=bool(row["parts"]),
        tip=row["tip"],
        version=row["version"],
    )
