"""The master key by which each Matrix id was first met, and since when it shows another one."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import refused, set_up

revision: Final = "0005"
down_revision: Final = "0004"

SQLITE: Final = """
    CREATE TRIGGER pinned_key_delete BEFORE DELETE ON pinned_key BEGIN
        SELECT raise(ABORT, 'an identity keeps its first key');
    END
    """

# What was pinned so far lay in the memory of the Matrix side.
MOVE: Final = """
    INSERT INTO pinned_key (mxid, key, version)
    SELECT substr(name, length('master:') + 1), value, 1 FROM memory WHERE name LIKE 'master:%'
    """


POSTGRESQL: Final = (
    refused("pinned_key", "DELETE", "an identity keeps its first key"),
    refused("pinned_key", "TRUNCATE", "an identity keeps its first key"),
)


def upgrade() -> None:
    op.create_table(
        "pinned_key",
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("other", TEXT, nullable=True),
        sa.Column("since", BIG, nullable=True),
        sa.Column("until", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "since IS NOT NULL OR (other IS NULL AND until IS NULL)", name="pinned_key_frozen_since"
        ),
        sa.CheckConstraint("(until IS NULL) = (other IS NULL)", name="pinned_key_until_taken"),
        sa.PrimaryKeyConstraint("mxid"),
        sqlite_strict=True,
    )
    op.create_index("pinned_key_frozen", "pinned_key", ["mxid"], unique=False, **where("since IS NOT NULL"))
    op.execute(MOVE)
    op.execute("DELETE FROM memory WHERE name LIKE 'master:%' OR name LIKE 'master-seen:%'")
    set_up(sqlite=[SQLITE], postgresql=POSTGRESQL)
