"""The name by which a linked account's holder is asked for before money goes there; sealed."""

from __future__ import annotations

from typing import Final

from alembic import op

from paybridge.storage.columns import bytes_column

revision: Final = "0010"
down_revision: Final = "0009"


def upgrade() -> None:
    op.add_column("link", bytes_column("holder", null=True))
