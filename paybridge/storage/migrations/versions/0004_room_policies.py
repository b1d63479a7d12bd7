"""What the bot keeps of each room's policy."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"

BIG: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GUARD: Final = """
    CREATE TRIGGER room_policy_delete BEFORE DELETE ON room_policy BEGIN
        SELECT raise(ABORT, 'a room keeps its policy');
    END
    """


def upgrade() -> None:
    op.create_table(
        "room_policy",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("room"),
        sqlite_strict=True,
    )
    op.execute(GUARD)
