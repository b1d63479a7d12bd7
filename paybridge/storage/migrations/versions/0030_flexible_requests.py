"""Requests of a flexible amount: who is asked may pay more, or less, than was proposed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG
from paybridge.storage.guards import add_check, kept, refused_update, replace_check, set_up

revision: Final = "0030"
down_revision: Final = "0029"

PAID: Final = "paid >= 0 AND paid <= CASE flexible WHEN 1 THEN 1000000000000000 ELSE amount END"

SQLITE: Final = """
    CREATE TRIGGER request_kind BEFORE UPDATE ON request WHEN new.flexible <> old.flexible BEGIN
        SELECT raise(ABORT, 'a request keeps its terms');
    END
"""


def upgrade() -> None:
    op.add_column("request", sa.Column("flexible", BIG, server_default="0", nullable=False))
    replace_check("request", "request_paid", PAID)
    add_check("request", "request_flexible", "flexible IN (0, 1)")
    terms = refused_update("request", "request_kind", kept("flexible"), "a request keeps its terms")
    set_up(sqlite=(SQLITE,), postgresql=(terms,))
