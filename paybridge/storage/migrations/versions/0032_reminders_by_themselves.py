"""When the payee of an unclaimed payment was last reminded, and which requests nobody was reminded of."""

from __future__ import annotations

from typing import Final

from alembic import op

from paybridge.storage.columns import number_column, where

revision: Final = "0032"
down_revision: Final = "0031"


def upgrade() -> None:
    op.add_column("transfer", number_column("reminded", null=True))
    op.create_index(
        "request_not_reminded",
        "request",
        ["created"],
        unique=False,
        **where("state = 'open' AND reminded IS NULL"),
    )
