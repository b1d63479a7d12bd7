"""Since when a person has stopped everything of theirs."""

from __future__ import annotations

from typing import Final

from alembic import op

from paybridge.storage.columns import number_column

revision: Final = "0015"
down_revision: Final = "0014"


def upgrade() -> None:
    op.add_column("person", number_column("frozen", null=True))
