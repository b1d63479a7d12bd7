"""By which message each payment and request was made; and messages found again by what is done to them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"

BIG: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GUARDS: Final = (
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


def upgrade() -> None:
    op.create_table(
        "origin",
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("payment"),
        sqlite_strict=True,
    )
    op.create_index("origin_of_event", "origin", ["event"], unique=False)
    op.create_index("slot_of_event", "slot", ["event"], unique=False)
    for guard in GUARDS:
        op.execute(guard)
