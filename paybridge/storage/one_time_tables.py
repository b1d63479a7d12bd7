"""The table of one-time links."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Table

from paybridge.storage.columns import TEXT, check, id_column, number_column, text_column
from paybridge.storage.tables import metadata

one_time_link: Final = Table(
    "one_time_link",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("purpose"),
    text_column("subject"),
    number_column("expires"),
    number_column("used"),
    number_column("wrong"),
    number_column("version"),
    check("one_time_link_hash_length", "length(id) = 64"),
    check("one_time_link_used", "used IN (0, 1)"),
    check("one_time_link_wrong", "wrong >= 0"),
    sqlite_strict=True,
)
