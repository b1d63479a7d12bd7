"""Webhooks that were taken: each event, and each body about an order, once."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import refused, set_up

revision: Final = "0013"
down_revision: Final = "0012"

STAYS: Final = "a webhook stays what it was"
SQLITE: Final = tuple(
    f"""
    CREATE TRIGGER webhook_{deed.lower()} BEFORE {deed} ON webhook BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """
    for deed in ("UPDATE", "DELETE")
)
POSTGRESQL: Final = tuple(refused("webhook", deed, STAYS) for deed in ("UPDATE", "DELETE", "TRUNCATE"))


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("rail", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("received", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("length(body) = 64", name="webhook_hash_length"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("body"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
