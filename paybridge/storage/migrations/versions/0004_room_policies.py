"""What the bot keeps of each room's policy."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT
from paybridge.storage.guards import refused, set_up

revision: Final = "0004"
down_revision: Final = "0003"

SQLITE: Final = """
    CREATE TRIGGER room_policy_delete BEFORE DELETE ON room_policy BEGIN
        SELECT raise(ABORT, 'a room keeps its policy');
    END
    """


POSTGRESQL: Final = (
    refused("room_policy", "DELETE", "a room keeps its policy"),
    refused("room_policy", "TRUNCATE", "a room keeps its policy"),
)


def upgrade() -> None:
    op.create_table(
        "room_policy",
        sa.Column("room", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("room"),
        sqlite_strict=True,
    )
    set_up(sqlite=[SQLITE], postgresql=POSTGRESQL)
