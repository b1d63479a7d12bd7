"""What a linked account is called by its owner: sealed, and the keyed hash that it is found by."""

from __future__ import annotations

from typing import Final

from alembic import op

from paybridge.storage.columns import bytes_column

revision: Final = "0014"
down_revision: Final = "0013"


def upgrade() -> None:
    op.add_column("link", bytes_column("nickname", null=True))
    op.add_column("link", bytes_column("nickname_hash", null=True))
