"""Memberships: what shops offer to members, who these are, and which repeats pay for them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import (
    add_foreign_key,
    drop_foreign_key,
    drop_functions,
    function,
    kept,
    refused,
    refused_update,
    set_up,
)

revision: Final = "0042"
down_revision: Final = "0041"

NOBODY: Final = "@erased:erased.invalid"
KEEPS: Final = {
    "club": (
        kept("id shop owner name currency unit every start day floats notice created")
        + f" OR new.owner_mxid <> old.owner_mxid AND new.owner_mxid <> '{NOBODY}'"
        + " OR old.state = 'closed' AND new.state <> 'closed'",
        "what is offered to members keeps its terms, and what is closed stays so",
    ),
    "member": (kept("id club person joined"), "a member keeps their place"),
}
STAYS: Final = "memberships are never deleted"
TERMS: Final = "a repeat keeps its terms"
TWICE: Final = "a period of a membership is paid once"
PAID: Final = """
    SELECT 1 FROM repeat AS mine
    JOIN repeat AS other ON other.club = mine.club AND other.payer = mine.payer AND other.id <> mine.id
    JOIN instalment AS paid ON paid.repeat = other.id
    JOIN transfer ON transfer.id = paid.transfer
    WHERE mine.id = new.repeat AND paid.day = new.day
        AND other.club IS NOT NULL AND transfer.state NOT IN ('cancelled', 'expired', 'refused')
"""

SQLITE: Final = (
    *(
        f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table}
        WHEN {when.replace("IS DISTINCT FROM", "IS NOT")}
        BEGIN
            SELECT raise(ABORT, '{message}');
        END
        """
        for table, (when, message) in KEEPS.items()
    ),
    *(
        f"""
        CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} BEGIN
            SELECT raise(ABORT, '{STAYS}');
        END
        """
        for table in KEEPS
    ),
    f"""
    CREATE TRIGGER repeat_club BEFORE UPDATE ON repeat WHEN new.club IS NOT old.club BEGIN
        SELECT raise(ABORT, '{TERMS}');
    END
    """,
    f"""
    CREATE TRIGGER instalment_of_member BEFORE INSERT ON instalment WHEN EXISTS ({PAID}) BEGIN
        SELECT raise(ABORT, '{TWICE}');
    END
    """,
)
POSTGRESQL: Final = (
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(refused(table, deed, STAYS) for table in KEEPS for deed in ("DELETE", "TRUNCATE")),
    refused_update("repeat", "repeat_club", kept("club"), TERMS),
    function(
        "instalment_of_member()",
        f"""
        BEGIN
            IF EXISTS ({PAID}) THEN
                RAISE EXCEPTION '{TWICE}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER instalment_of_member AFTER INSERT ON instalment FOR EACH ROW
    EXECUTE FUNCTION instalment_of_member()
    """,
    "ALTER FUNCTION forget(text) RENAME TO forget_but_memberships",
    function(
        "forget(gone text)",
        f"""
        BEGIN
            PERFORM forget_but_memberships(gone);
            UPDATE club SET owner_mxid = '{NOBODY}' WHERE owner = gone;
            UPDATE member SET mxid = '{NOBODY}' WHERE person = gone;
        END
        """,  # noqa: S608 - our own words
        returns="void",
    ),
)


def upgrade() -> None:
    op.create_table(
        "club",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("owner_mxid", TEXT, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("price", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("every", BIG, nullable=False),
        sa.Column("start", TEXT, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("floats", BIG, nullable=False),
        sa.Column("notice", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name="club_state"),
        sa.CheckConstraint("price BETWEEN 1 AND 1000000000000000", name="club_price"),
        sa.CheckConstraint("unit IN ('month', 'week', 'year')", name="club_unit"),
        sa.CheckConstraint("every BETWEEN 1 AND 60", name="club_every"),
        sa.CheckConstraint("day BETWEEN 0 AND 31", name="club_day"),
        sa.CheckConstraint("floats IN (0, 1)", name="club_floats"),
        sa.CheckConstraint("notice BETWEEN 0 AND 366", name="club_notice"),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("club_open_of", "club", ["shop", "created"], **where("state = 'open'"))
    op.create_table(
        "member",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("club", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("joined", BIG, nullable=False),
        sa.Column("paid_until", TEXT, nullable=True),
        sa.Column("leaves", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(["club"], ["club.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("club", "person"),
        sqlite_strict=True,
    )
    op.create_index("member_of", "member", ["person", "joined"])
    op.add_column("repeat", sa.Column("club", TEXT, nullable=True))
    add_foreign_key("repeat", "club", "club")
    op.create_index("repeat_for_club", "repeat", ["club", "payer", "created"], **where("club IS NOT NULL"))
    op.create_index(
        "repeat_of_member",
        "repeat",
        ["club", "payer"],
        unique=True,
        **where("club IS NOT NULL AND state IN ('active', 'paused')"),
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)


def downgrade() -> None:
    set_up(
        sqlite=("DROP TRIGGER repeat_club", "DROP TRIGGER instalment_of_member"),
        postgresql=(
            "DROP TRIGGER repeat_club ON repeat",
            "DROP TRIGGER instalment_of_member ON instalment",
            "DROP FUNCTION forget(text)",
            "ALTER FUNCTION forget_but_memberships(text) RENAME TO forget",
        ),
    )
    drop_functions("instalment_of_member()")
    op.drop_index("repeat_for_club", "repeat")
    op.drop_index("repeat_of_member", "repeat")
    drop_foreign_key("repeat", "club", "club")
    op.drop_column("repeat", "club")
    op.drop_table("member")
    op.drop_table("club")
