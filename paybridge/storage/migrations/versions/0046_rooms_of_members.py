"""The room into which whoever joins a membership is invited."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import TEXT
from paybridge.storage.guards import kept, refused_update, set_up

revision: Final = "0046"
down_revision: Final = "0045"

TERMS: Final = "a membership keeps its room"
SQLITE: Final = f"""
    CREATE TRIGGER club_room BEFORE UPDATE ON club WHEN new.room IS NOT old.room BEGIN
        SELECT raise(ABORT, '{TERMS}');
    END
"""


def upgrade() -> None:
    op.add_column("club", sa.Column("room", TEXT, nullable=True))
    set_up(sqlite=(SQLITE,), postgresql=(refused_update("club", "club_room", kept("room"), TERMS),))


def downgrade() -> None:
    set_up(sqlite=("DROP TRIGGER club_room",), postgresql=("DROP TRIGGER club_room ON club",))
    op.drop_column("club", "room")
