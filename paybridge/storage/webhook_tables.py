"""The table of webhooks that were taken."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table, UniqueConstraint

from paybridge.storage.columns import check, id_column, number_column, text_column
from paybridge.storage.tables import metadata

webhook: Final = Table(
    "webhook",
    metadata,
    id_column(),
    text_column("rail"),
    text_column("body"),
    number_column("received"),
    number_column("version"),
    UniqueConstraint("body"),
    check("webhook_hash_length", "length(body) = 64"),
    sqlite_strict=True,
)
