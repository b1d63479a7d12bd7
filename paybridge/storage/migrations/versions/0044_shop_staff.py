"""When shops are open, who acts for them, and the log of what was done in their name."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import kept, refused, refused_update, set_up

revision: Final = "0044"
down_revision: Final = "0043"

CHANGED: Final = kept("id shop person since")
KEEPS: Final = "who acts for a shop stays the same person"
STAYS: Final = "staff stays while its person is there"
WRITTEN: Final = "what was done in the name of a shop stays as it was written"

SQLITE: Final = (
    f"""
    CREATE TRIGGER shop_staff_kept BEFORE UPDATE ON shop_staff
    WHEN {CHANGED.replace("IS DISTINCT FROM", "IS NOT")}
    BEGIN
        SELECT raise(ABORT, '{KEEPS}');
    END
    """,
    f"""
    CREATE TRIGGER shop_staff_delete BEFORE DELETE ON shop_staff
    WHEN (SELECT length(key) FROM person WHERE id = old.person) > 0
    BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,  # noqa: S608 - our own words
    *(
        f"""
        CREATE TRIGGER shop_act_{deed.lower()} BEFORE {deed} ON shop_act BEGIN
            SELECT raise(ABORT, '{WRITTEN}');
        END
        """
        for deed in ("UPDATE", "DELETE")
    ),
)
POSTGRESQL: Final = (
    refused_update("shop_staff", "shop_staff_kept", CHANGED, KEEPS),
    f"""
    CREATE TRIGGER shop_staff_delete BEFORE DELETE ON shop_staff
    FOR EACH ROW EXECUTE FUNCTION stay_while_there('{STAYS}')
    """,
    refused("shop_staff", "TRUNCATE", STAYS),
    *(refused("shop_act", deed, WRITTEN) for deed in ("UPDATE", "DELETE", "TRUNCATE")),
)


def upgrade() -> None:
    op.add_column("shop", sa.Column("hours", TEXT, nullable=True))
    op.create_table(
        "shop_staff",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("rights", TEXT, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shop", "person"),
        sqlite_strict=True,
    )
    op.create_index("shop_staff_active", "shop_staff", ["person"], **where("rights <> ''"))
    op.create_table(
        "shop_act",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "what IN ('completed', 'declined', 'gave_back', 'invoiced', 'ready', 'settings', 'shipped',"
            " 'staff', 'staff_gone')",
            name="shop_act_what",
        ),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("shop_act_of", "shop_act", ["shop", "at", "id"])
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)


def downgrade() -> None:
    op.drop_table("shop_act")
    op.drop_table("shop_staff")
    op.drop_column("shop", "hours")
