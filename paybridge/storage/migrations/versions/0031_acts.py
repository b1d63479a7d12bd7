"""What operators did, linked and kept for ever; people whom an operator has frozen."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, number_column, where
from paybridge.storage.guards import function, refused, replace_check, set_up

revision: Final = "0031"
down_revision: Final = "0030"

STAYS: Final = "what an operator did stays written"
IS_STOOD_STILL: Final = "(frozen IS NOT NULL OR stopped IS NOT NULL)"

# One that takes the number of another is refused for that, so that whoever was second can try again.
SQLITE: Final = (
    """
    CREATE TRIGGER act_follows BEFORE INSERT ON act
    WHEN new.number > (SELECT coalesce(max(number), 0) FROM act)
        AND (new.number <> (SELECT coalesce(max(number), 0) + 1 FROM act)
            OR new.prev_hash <> coalesce((SELECT hash FROM act ORDER BY number DESC LIMIT 1), zeroblob(32)))
    BEGIN
        SELECT raise(ABORT, 'acts follow the last one');
    END
    """,
    f"""
    CREATE TRIGGER act_update BEFORE UPDATE ON act BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
    f"""
    CREATE TRIGGER act_delete BEFORE DELETE ON act BEGIN
        SELECT raise(ABORT, '{STAYS}');
    END
    """,
)
POSTGRESQL: Final = (
    function(
        "acts_follow()",
        """
        DECLARE
            last record;
        BEGIN
            SELECT number, hash INTO last FROM act ORDER BY number DESC LIMIT 1;
            IF new.number > coalesce(last.number, 0) AND (
                new.number <> coalesce(last.number, 0) + 1
                OR new.prev_hash <> coalesce(last.hash, decode(repeat('00', 32), 'hex'))
            ) THEN
                RAISE EXCEPTION 'acts follow the last one' USING ERRCODE = 'check_violation';
            END IF;
            RETURN new;
        END
        """,
    ),
    "CREATE TRIGGER act_follows BEFORE INSERT ON act FOR EACH ROW EXECUTE FUNCTION acts_follow()",
    *(refused("act", deed, STAYS) for deed in ("UPDATE", "DELETE", "TRUNCATE")),
)


def upgrade() -> None:
    op.add_column("person", number_column("stopped", null=True))
    op.create_index("person_stood_still", "person", ["id"], unique=False, **where(IS_STOOD_STILL))
    replace_check("deed", "deed_kind", "kind IN ('freeze', 'keep_factor', 'reset_factor', 'unfreeze')")
    op.create_table(
        "act",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("via", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("about", TEXT, nullable=True),
        sa.Column("told", TEXT, nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("via IN ('command_line', 'room')", name="act_via"),
        sa.CheckConstraint("length(prev_hash) = 32 AND length(hash) = 32", name="act_hash_length"),
        sa.PrimaryKeyConstraint("number"),
        sqlite_strict=True,
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
