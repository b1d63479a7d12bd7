"""Between what shops sell, orders and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.money import Money
from paybridge.domain.order_refund import RefundLine, SaleRefund
from paybridge.domain.sale import Item, ItemState, Sale, SaleState, Taking, TakingState
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paybridge.services.ports import Record
    from paybridge.storage.row import Row


def item_row(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "shop": item.shop,
        "state": item.state.value,
        "name": item.name,
        "price": item.price.minor,
        "currency": item.price.currency,
        "rate": item.rate,
        "stock": item.stock,
        "created": microseconds(item.created),
        "version": item.version,
    }


def item_of(row: Row) -> Item:
    return Item(
        id=row["id"],
        shop=row["shop"],
        state=ItemState(row["state"]),
        name=row["name"],
        price=Money(row["price"], row["currency"]),
        rate=row["rate"],
        stock=row["stock"],
        created=moment(row["created"]),
        version=row["version"],
    )


def sale_row(sale: Sale) -> dict[str, Any]:
    return {
        "id": sale.id,
        "shop": sale.shop,
        "buyer": sale.buyer,
        "state": sale.state.value,
        "paper": sale.paper,
        "created": microseconds(sale.created),
        "paid": None if sale.paid is None else microseconds(sale.paid),
        "year": sale.year,
        "number": sale.number,
        "version": sale.version,
    }


def sale_of(row: Row) -> Sale:
    return Sale(
        id=row["id"],
        shop=row["shop"],
        buyer=row["buyer"],
        state=SaleState(row["state"]),
        paper=row["paper"],
        created=moment(row["created"]),
        paid=None if row["paid"] is None else moment(row["paid"]),
        year=row["year"],
        number=row["number"],
        version=row["version"],
    )


def taking_row(taking: Taking) -> dict[str, Any]:
    return {
        "id": taking.id,
        "sale": taking.sale,
        "item": taking.item,
        "pieces": taking.pieces,
        "price": taking.price,
        "state": taking.state.value,
        "refunded": taking.refunded,
        "restocked": taking.restocked,
        "version": taking.version,
    }


def taking_of(row: Row) -> Taking:
    return Taking(
        id=row["id"],
        sale=row["sale"],
        item=row["item"],
        pieces=row["pieces"],
        price=row["price"],
        state=TakingState(row["state"]),
        refunded=row["refunded"],
        restocked=row["restocked"],
        version=row["version"],
    )


def sale_refund_row(refund: SaleRefund) -> dict[str, Any]:
    return {
        "id": refund.id,
        "sale": refund.sale,
        "actor": refund.actor,
        "restocks": int(refund.restocks),
        "cancels": int(refund.cancels),
        "version": refund.version,
    }


def sale_refund_of(row: Row) -> SaleRefund:
    return SaleRefund(
        id=row["id"],
        sale=row["sale"],
        actor=row["actor"],
        restocks=bool(row["restocks"]),
        cancels=bool(row["cancels"]),
        version=row["version"],
    )


def refund_line_row(line: RefundLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "refund": line.refund,
        "taking": line.taking,
        "pieces": line.pieces,
        "version": line.version,
    }


def refund_line_of(row: Row) -> RefundLine:
    return RefundLine(row["id"], row["refund"], row["taking"], row["pieces"], row["version"])


ROW_OF: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Item: item_row,
    Sale: sale_row,
    Taking: taking_row,
    SaleRefund: sale_refund_row,
    RefundLine: refund_line_row,
}
"""How each kind of record here is written."""
