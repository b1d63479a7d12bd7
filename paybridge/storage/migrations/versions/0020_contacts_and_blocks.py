"""What people call each other, sealed, and from whom they take no requests."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where

revision: Final = "0020"
down_revision: Final = "0019"


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index(
        "contact_one_of_a_name",
        "contact",
        ["person", "name_hash"],
        unique=True,
        **where("sealed IS NOT NULL"),
    )
    op.create_table(
        "block",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("other", TEXT, nullable=False),
        sa.Column("is_on", BIG, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("is_on IN (0, 1)", name="block_is_on"),
        sa.CheckConstraint("person <> other", name="block_of_others"),
        sa.ForeignKeyConstraint(["other"], ["person.id"]),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("block_on", "block", ["person"], unique=False, **where("is_on = 1"))
