"""The table of what operators did."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table

from paybridge.domain.acts import Via
from paybridge.storage.columns import BIG, bytes_column, check, in_list, number_column, text_column
from paybridge.storage.tables import metadata

act: Final = Table(
    "act",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=False),
    number_column("at"),
    text_column("by"),
    text_column("via"),
    text_column("kind"),
    # No foreign key: what an operator did stays in the log when the person has themselves erased.
    text_column("person", null=True),
    text_column("about", null=True),
    text_column("told"),
    bytes_column("reason", null=True),
    bytes_column("prev_hash"),
    bytes_column("hash"),
    number_column("version"),
    check("act_via", in_list("via", Via)),
    check("act_hash_length", "length(prev_hash) = 32 AND length(hash) = 32"),
    sqlite_strict=True,
)
