"""Payments straight from one linked account to another, for those who want to be paid so."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, text_column
from paybridge.storage.guards import add_check, kept, refused_update, replace_check, set_up

revision: Final = "0012"
down_revision: Final = "0011"

TERMS: Final = "id transfer number kind rail owner amount currency to_link"

SQLITE: Final = (
    "DROP TRIGGER leg_terms",
    f"""
    CREATE TRIGGER leg_terms BEFORE UPDATE OF
        {", ".join(TERMS.split())}
    ON leg BEGIN
        SELECT raise(ABORT, 'a leg keeps its terms');
    END
    """,
)

POSTGRESQL: Final = (
    "DROP TRIGGER leg_terms ON leg",
    refused_update("leg", "leg_terms", kept(TERMS), "a leg keeps its terms"),
)


def upgrade() -> None:
    op.add_column("leg", text_column("to_link", null=True))
    replace_check("leg", "leg_kind", "kind IN ('book', 'collect', 'direct', 'payout')")
    add_check("leg", "leg_to_link", "(kind = 'direct') = (to_link IS NOT NULL)")
    op.add_column("link", sa.Column("takes_direct", BIG, server_default="0", nullable=False))
    add_check("link", "link_takes_direct", "takes_direct IN (0, 1)")
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
