"""Between what shops sell, orders and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.money import Money
from paybridge.domain.sale import Item, ItemState, Sale, SaleState, Taking, TakingState
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
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
        version=row["version"],
    )
