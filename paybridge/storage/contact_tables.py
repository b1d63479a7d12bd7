"""The tables of contacts and block lists."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from paybridge.storage.columns import TEXT, bytes_column, check, id_column, number_column, where
from paybridge.storage.tables import metadata

IS_KEPT: Final = "sealed IS NOT NULL"
IS_ON: Final = "is_on = 1"

contact: Final = Table(
    "contact",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    bytes_column("name_hash"),
    bytes_column("sealed", null=True),
    number_column("created"),
    number_column("version"),
    Index("contact_one_of_a_name", "person", "name_hash", unique=True, **where(IS_KEPT)),
    sqlite_strict=True,
)

block: Final = Table(
    "block",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    Column("other", TEXT, ForeignKey("person.id"), nullable=False),
    number_column("is_on"),
    number_column("since"),
    number_column("version"),
    check("block_is_on", "is_on IN (0, 1)"),
    check("block_of_others", "person <> other"),
    Index("block_on", "person", **where(IS_ON)),
    sqlite_strict=True,
)
