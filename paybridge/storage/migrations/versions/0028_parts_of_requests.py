"""How much of a request was paid so far; one live payment for each part of it, in place of one for all."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, where
from paybridge.storage.guards import add_check

revision: Final = "0028"
down_revision: Final = "0027"

IS_LIVE: Final = (
    "request IS NOT NULL AND state IN"
    " ('approved', 'awaiting_approval', 'claimable', 'claimed', 'drafted', 'settled')"
)


def upgrade() -> None:
    op.add_column("request", sa.Column("paid", BIG, server_default="0", nullable=False))
    op.add_column("transfer", sa.Column("paid_before", BIG, server_default="0", nullable=False))
    op.execute("UPDATE request SET paid = amount WHERE state = 'paid'")
    add_check("request", "request_paid", "paid BETWEEN 0 AND amount")
    op.drop_index("transfer_one_per_request", "transfer")
    op.create_index(
        "transfer_one_per_part_of_request",
        "transfer",
        ["request", "paid_before"],
        unique=True,
        **where(IS_LIVE),
    )
