"""When whoever is asked for money was last reminded."""

from __future__ import annotations

from typing import Final

from alembic import op

from paybridge.storage.columns import number_column

revision: Final = "0024"
down_revision: Final = "0023"


def upgrade() -> None:
    op.add_column("request", number_column("reminded", null=True))
