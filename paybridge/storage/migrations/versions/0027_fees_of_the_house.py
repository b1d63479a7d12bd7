"""What the house takes for a payment, in minor units; nothing of those before."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG
from paybridge.storage.guards import add_check

revision: Final = "0027"
down_revision: Final = "0026"


def upgrade() -> None:
    op.add_column("transfer", sa.Column("house_fee", BIG, server_default="0", nullable=False))
    add_check("transfer", "transfer_house_fee", "house_fee >= 0 AND (house_fee = 0 OR kind = 'pay')")
