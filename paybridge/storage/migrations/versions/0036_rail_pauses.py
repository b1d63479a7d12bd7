"""Rails that operators have paused for new payments."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT

revision: Final = "0036"
down_revision: Final = "0035"


def upgrade() -> None:
    op.create_table(
        "rail_pause",
        sa.Column("rail", TEXT, nullable=False),
        sa.Column("since", BIG, nullable=True),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("rail"),
        sqlite_strict=True,
    )
