"""The table of the master keys that people were first met by."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table

from paybridge.storage.columns import TEXT, check, number_column, text_column, where
from paybridge.storage.tables import metadata

pinned_key: Final = Table(
    "pinned_key",
    metadata,
    Column("mxid", TEXT, primary_key=True),
    text_column("key"),
    text_column("other", null=True),
    number_column("since", null=True),
    number_column("until", null=True),
    number_column("version"),
    check("pinned_key_frozen_since", "since IS NOT NULL OR (other IS NULL AND until IS NULL)"),
    check("pinned_key_until_taken", "(until IS NULL) = (other IS NULL)"),
    Index("pinned_key_frozen", "mxid", **where("since IS NOT NULL")),
    sqlite_strict=True,
)
