"""The tables of what shops sell, of orders, and of what these take out of the stock."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.money import MAX_MINOR
from paybridge.domain.sale import ItemState, SaleState, TakingState
from paybridge.storage.columns import (
    BIG,
    TEXT,
    bytes_column,
    check,
    id_column,
    in_list,
    number_column,
    text_column,
    where,
)
from paybridge.storage.tables import metadata

IS_OFFERED: Final = "state = 'offered'"
IS_NUMBERED: Final = "number IS NOT NULL"
IS_TO_DO: Final = "state IN ('processing', 'ready', 'shipped')"

item: Final = Table(
    "item",
    metadata,
    id_column(),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    text_column("state"),
    bytes_column("name"),
    number_column("price"),
    text_column("currency"),
    number_column("rate"),
    number_column("stock", null=True),
    number_column("created"),
    number_column("version"),
    check("item_state", in_list("state", ItemState)),
    check("item_price", f"price BETWEEN 1 AND {MAX_MINOR}"),
    check("item_rate", "rate BETWEEN 0 AND 9999"),
    check("item_stock", "stock >= 0"),
    Index("item_offered_by", "shop", "created", **where(IS_OFFERED)),
    sqlite_strict=True,
)

sale: Final = Table(
    "sale",
    metadata,
    Column("id", TEXT, ForeignKey("transfer.id"), primary_key=True),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    text_column("buyer"),
    text_column("state"),
    bytes_column("paper"),
    number_column("created"),
    number_column("version"),
    number_column("paid", null=True),
    number_column("year", null=True),
    number_column("number", null=True),
    check("sale_state", in_list("state", SaleState)),
    Index("sale_of_shop", "shop", "created", "id"),
    check("sale_numbered", "number >= 1 AND year IS NOT NULL OR number IS NULL"),
    Index("sale_numbered_in", "shop", "number", "year", unique=True, **where(IS_NUMBERED)),
    Index("sale_to_do_of", "shop", "created", **where(IS_TO_DO)),
    Index("sale_to_come_to", "buyer", "created", **where(IS_TO_DO)),
    sqlite_strict=True,
)

taking: Final = Table(
    "taking",
    metadata,
    id_column(),
    Column("sale", TEXT, ForeignKey("sale.id"), nullable=False),
    Column("item", TEXT, ForeignKey("item.id"), nullable=False),
    number_column("pieces"),
    number_column("price"),
    text_column("state"),
    number_column("version"),
    Column("refunded", BIG, nullable=False, server_default="0"),
    Column("restocked", BIG, nullable=False, server_default="0"),
    UniqueConstraint("sale", "item"),
    check("taking_pieces", "pieces BETWEEN 1 AND 1000"),
    check("taking_price", f"price BETWEEN 1 AND {MAX_MINOR}"),
    check("taking_state", in_list("state", TakingState)),
    check("taking_refunded", "refunded BETWEEN 0 AND pieces"),
    check("taking_restocked", "restocked BETWEEN 0 AND refunded"),
    sqlite_strict=True,
)

sale_refund: Final = Table(
    "sale_refund",
    metadata,
    Column("id", TEXT, ForeignKey("transfer.id"), primary_key=True),
    Column("sale", TEXT, ForeignKey("sale.id"), nullable=False),
    text_column("actor"),
    number_column("restocks"),
    number_column("cancels"),
    number_column("version"),
    check("sale_refund_restocks", "restocks IN (0, 1)"),
    check("sale_refund_cancels", "cancels IN (0, 1)"),
    Index("sale_refund_by", "actor"),
    sqlite_strict=True,
)

refund_line: Final = Table(
    "refund_line",
    metadata,
    id_column(),
    Column("refund", TEXT, ForeignKey("sale_refund.id"), nullable=False),
    Column("taking", TEXT, ForeignKey("taking.id"), nullable=False),
    number_column("pieces"),
    number_column("version"),
    UniqueConstraint("refund", "taking"),
    check("refund_line_pieces", "pieces BETWEEN 1 AND 1000"),
    sqlite_strict=True,
)
