"""Sessions with a shop's pages, and the orders of one shop in the order of time."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import kept, refused, refused_update, replace_check, set_up

revision: Final = "0040"
down_revision: Final = "0039"

CHANGED: Final = (
    kept("id person shop passkey started ends")
    + " OR new.seen < old.seen OR old.closed = 1 AND new.closed <> 1"
)
KEEPS: Final = "a session keeps its terms, and one that is over stays so"
STAYS: Final = "a session stays while its person is there"
SQLITE: Final = (
    f"""
    CREATE TRIGGER shop_session_kept BEFORE UPDATE ON shop_session
    WHEN {CHANGED.replace("IS DISTINCT FROM", "IS NOT")}
    BEGIN
        SELECT raise(ABORT, '{KEEPS}');
    END
    """,
    f"""
    CREATE TRIGGER shop_session_delete BEFORE DELETE ON shop_session
    WHEN (SELECT length(key) FROM person WHERE id = old.person) > 0
    BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,  # noqa: S608 - our own words
)
POSTGRESQL: Final = (
    refused_update("shop_session", "shop_session_kept", CHANGED, KEEPS),
    f"""
    CREATE TRIGGER shop_session_delete BEFORE DELETE ON shop_session
    FOR EACH ROW EXECUTE FUNCTION stay_while_there('{STAYS}')
    """,
    refused("shop_session", "TRUNCATE", STAYS),
)


def upgrade() -> None:
    op.create_table(
        "shop_session",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("passkey", TEXT, nullable=True),
        sa.Column("started", BIG, nullable=False),
        sa.Column("ends", BIG, nullable=False),
        sa.Column("seen", BIG, nullable=False),
        sa.Column("closed", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("length(id) = 64", name="shop_session_hash_length"),
        sa.CheckConstraint("closed IN (0, 1)", name="shop_session_closed"),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("shop_session_open_of", "shop_session", ["person"], **where("closed = 0"))
    op.create_index("sale_of_shop", "sale", ["shop", "created", "id"])
    replace_check("ceremony", "ceremony_purpose", "purpose IN ('approve', 'enrol', 'enter')")
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)


def downgrade() -> None:
    op.drop_table("shop_session")
    op.drop_index("sale_of_shop", "sale")
    # Who was about to enter the pages begins again.
    op.execute("DELETE FROM ceremony WHERE purpose = 'enter'")
    replace_check("ceremony", "ceremony_purpose", "purpose IN ('approve', 'enrol')")
