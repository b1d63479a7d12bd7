"""The table of what operators decide about people."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from paybridge.domain.deeds import DeedKind
from paybridge.storage.columns import TEXT, check, id_column, in_list, number_column, text_column, where
from paybridge.storage.tables import metadata

deed: Final = Table(
    "deed",
    metadata,
    id_column(),
    text_column("kind"),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    number_column("at"),
    number_column("done", null=True),
    number_column("version"),
    check("deed_kind", in_list("kind", DeedKind)),
    Index("deed_open", "at", **where("done IS NULL")),
    sqlite_strict=True,
)
