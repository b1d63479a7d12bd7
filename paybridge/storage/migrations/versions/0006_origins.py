"""By which message each payment and request was made; and messages found again by what is done to them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import refused, set_up

revision: Final = "0006"
down_revision: Final = "0005"

SQLITE: Final = (
    """
    CREATE TRIGGER origin_update BEFORE UPDATE ON origin BEGIN
        SELECT raise(ABORT, 'an origin stays what it was');
    END
    """,
    """
    CREATE TRIGGER origin_delete BEFORE DELETE ON origin BEGIN
        SELECT raise(ABORT, 'an origin stays what it was');
    END
    """,
)


POSTGRESQL: Final = (
    refused("origin", "UPDATE", "an origin stays what it was"),
    refused("origin", "DELETE", "an origin stays what it was"),
    refused("origin", "TRUNCATE", "an origin stays what it was"),
)


def upgrade() -> None:
    op.create_table(
        "origin",
        sa.Column("payment", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("payment"),
        sqlite_strict=True,
    )
    op.create_index("origin_of_event", "origin", ["event"], unique=False)
    op.create_index("slot_of_event", "slot", ["event"], unique=False)
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
