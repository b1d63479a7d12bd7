"""The tables of shops, of the numbers of their invoices, and of the invoices."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.money import MAX_MINOR
from paybridge.domain.shop import ShopState
from paybridge.domain.shop_staff import ActOfShop
from paybridge.storage.columns import (
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

IS_OPEN_SHOP: Final = "state = 'open'"
HAS_RIGHTS: Final = "rights <> ''"

shop: Final = Table(
    "shop",
    metadata,
    id_column(),
    text_column("state"),
    text_column("owner"),
    text_column("owner_mxid"),
    bytes_column("details"),
    number_column("created"),
    number_column("version"),
    text_column("hours", null=True),
    check("shop_state", in_list("state", ShopState)),
    Index("shop_open_of", "owner", unique=True, **where(IS_OPEN_SHOP)),
    sqlite_strict=True,
)

shop_staff: Final = Table(
    "shop_staff",
    metadata,
    id_column(),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("rights"),
    number_column("since"),
    number_column("version"),
    UniqueConstraint("shop", "person"),
    Index("shop_staff_active", "person", **where(HAS_RIGHTS)),
    sqlite_strict=True,
)

shop_act: Final = Table(
    "shop_act",
    metadata,
    id_column(),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    number_column("at"),
    text_column("actor"),
    text_column("what"),
    text_column("subject"),
    number_column("version"),
    check("shop_act_what", in_list("what", ActOfShop)),
    Index("shop_act_of", "shop", "at", "id"),
    sqlite_strict=True,
)

series: Final = Table(
    "series",
    metadata,
    id_column(),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    number_column("year"),
    number_column("last"),
    number_column("version"),
    UniqueConstraint("shop", "year"),
    check("series_last", "last >= 1"),
    sqlite_strict=True,
)

invoice: Final = Table(
    "invoice",
    metadata,
    Column("id", TEXT, ForeignKey("request.id"), primary_key=True),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    number_column("year"),
    number_column("number"),
    bytes_column("paper"),
    number_column("tips"),
    number_column("parts"),
    number_column("tip"),
    number_column("version"),
    UniqueConstraint("shop", "year", "number"),
    check("invoice_number", "number >= 1"),
    check("invoice_tips", "tips IN (0, 1)"),
    check("invoice_parts", "parts IN (0, 1)"),
    check("invoice_tip", f"tip BETWEEN 0 AND {MAX_MINOR} AND (tip = 0 OR tips = 1)"),
    sqlite_strict=True,
)
