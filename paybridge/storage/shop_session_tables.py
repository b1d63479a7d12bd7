"""The table of sessions with a shop's pages."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from paybridge.storage.columns import TEXT, check, id_column, number_column, text_column, where
from paybridge.storage.tables import metadata

IS_NOT_CLOSED: Final = "closed = 0"

shop_session: Final = Table(
    "shop_session",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    text_column("passkey", null=True),
    number_column("started"),
    number_column("ends"),
    number_column("seen"),
    number_column("closed"),
    number_column("version"),
    check("shop_session_hash_length", "length(id) = 64"),
    check("shop_session_closed", "closed IN (0, 1)"),
    Index("shop_session_open_of", "person", **where(IS_NOT_CLOSED)),
    sqlite_strict=True,
)
