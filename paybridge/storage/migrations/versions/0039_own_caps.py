"""What single people may send in a day, where an operator has set that for them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT

revision: Final = "0039"
down_revision: Final = "0038"


def upgrade() -> None:
    op.create_table(
        "own_cap",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("day >= 0", name="own_cap_day"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("own_cap_of_person", "own_cap", ["person"], unique=False)
