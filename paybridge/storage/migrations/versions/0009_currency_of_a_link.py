"""The currency that a linked account holds; unknown where it may be any that its rail takes."""

from __future__ import annotations

from typing import Final

from alembic import op

from paybridge.storage.columns import text_column

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    op.add_column("link", text_column("currency", null=True))
    # Until now the bank linked IBANs and nothing else.
    op.execute("UPDATE link SET currency = 'EUR' WHERE rail = 'bank'")
