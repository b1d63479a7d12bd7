"""Between shops with their invoices and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.invoice import Invoice
from paybridge.domain.shop import Series, Shop, ShopState
from paybridge.domain.shop_staff import ActOfShop, ShopAct, Staff, rights_from_text, rights_text
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paybridge.services.ports import Record
    from paybridge.storage.row import Row


def shop_row(shop: Shop) -> dict[str, Any]:
    return {
        "id": shop.id,
        "state": shop.state.value,
        "owner": shop.owner,
        "owner_mxid": shop.owner_mxid,
        "details": shop.details,
        "created": microseconds(shop.created),
        "hours": shop.hours,
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
        hours=row["hours"],
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


def staff_row(staff: Staff) -> dict[str, Any]:
    return {
        "id": staff.id,
        "shop": staff.shop,
        "person": staff.person,
        "rights": rights_text(staff.rights),
        "since": microseconds(staff.since),
        "version": staff.version,
    }


def staff_of(row: Row) -> Staff:
    return Staff(
        id=row["id"],
        shop=row["shop"],
        person=row["person"],
        rights=rights_from_text(row["rights"]),
        since=moment(row["since"]),
        version=row["version"],
    )


def act_row(act: ShopAct) -> dict[str, Any]:
    return {
        "id": act.id,
        "shop": act.shop,
        "at": microseconds(act.at),
        "actor": act.actor,
        "what": act.what.value,
        "subject": act.subject,
        "version": act.version,
    }


def act_of(row: Row) -> ShopAct:
    return ShopAct(
        id=row["id"],
        shop=row["shop"],
        at=moment(row["at"]),
        actor=row["actor"],
        what=ActOfShop(row["what"]),
        subject=row["subject"],
        version=row["version"],
    )


ROW_OF: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Shop: shop_row,
    Series: series_row,
    Invoice: invoice_row,
    Staff: staff_row,
    ShopAct: act_row,
}
"""How each kind of record here is written."""
