"""Where people stopped reading their history, and indexes for what they look for in it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where

revision: Final = "0016"
down_revision: Final = "0015"

NO_PAYMENT: Final = "kind <> 'pay'"
INDEXES: Final = {
    "transfer_between": ("transfer", ["payer", "payee", "created"]),
    "transfer_of_payer_in_room": ("transfer", ["payer", "room", "created"]),
    "transfer_of_payee_in_room": ("transfer", ["payee", "room", "created"]),
    "request_of_asker": ("request", ["asker", "created"]),
    "request_of_asked": ("request", ["asked", "created"]),
}


def upgrade() -> None:
    op.create_table(
        "bookmark",
        sa.Column("person", TEXT, nullable=False),
        sa.Column("sought", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("person"),
        sqlite_strict=True,
    )
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns, unique=False)
    for side in ("payer", "payee"):
        op.create_index(
            f"transfer_of_{side}_by_kind",
            "transfer",
            [side, "kind", "created"],
            unique=False,
            **where(NO_PAYMENT),
        )
