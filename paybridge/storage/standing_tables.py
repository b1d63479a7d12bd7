"""The table of people's standings under the region's rules."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Table

from paybridge.domain.region import Level
from paybridge.storage.columns import TEXT, check, in_list, number_column, text_column
from paybridge.storage.tables import metadata

standing: Final = Table(
    "standing",
    metadata,
    Column("person", TEXT, ForeignKey("person.id"), primary_key=True),
    text_column("level"),
    text_column("zone", null=True),
    text_column("next_zone", null=True),
    number_column("next_from", null=True),
    text_column("terms", null=True),
    number_column("agreed", null=True),
    number_column("approvals"),
    number_column("version"),
    check("standing_level", in_list("level", Level)),
    check("standing_next_zone", "(next_zone IS NULL) = (next_from IS NULL)"),
    check("standing_terms", "(terms IS NULL) = (agreed IS NULL)"),
    sqlite_strict=True,
)
