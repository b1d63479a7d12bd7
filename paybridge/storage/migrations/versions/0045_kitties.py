"""Kitties: a room's purse, its treasurers, what these propose, and who approved it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import function, kept, refused, refused_update, set_up

revision: Final = "0045"
down_revision: Final = "0044"

NOBODY: Final = "@erased:erased.invalid"
KEEPS: Final = {
    "kitty": (
        kept("id opener currency created name") + " OR old.state = 'closed' AND new.state <> 'closed'",
        "a kitty keeps its terms, and one that is closed stays so",
    ),
    "treasurer": (
        kept("id kitty person") + f" OR new.mxid <> old.mxid AND new.mxid <> '{NOBODY}'",
        "a treasurer stays who they are",
    ),
    "proposal": (
        kept("id kitty kind by_person created expires nonce person amount currency needs")
        + f" OR new.by_mxid <> old.by_mxid AND new.by_mxid <> '{NOBODY}'"
        + f" OR new.mxid <> old.mxid AND new.mxid <> '{NOBODY}'"
        + f" OR old.state <> 'open' AND ({kept('state needed')})",
        "a proposal keeps its terms, and one that ended stays as it ended",
    ),
    "assent": (
        kept("id proposal person code approves strong at")
        + f" OR new.mxid <> old.mxid AND new.mxid <> '{NOBODY}'",
        "an approval stays what it is",
    ),
}
STAYS: Final = "kitties and what was decided about them are never deleted"

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
)
POSTGRESQL: Final = (
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(refused(table, deed, STAYS) for table in KEEPS for deed in ("DELETE", "TRUNCATE")),
    "ALTER FUNCTION forget(text) RENAME TO forget_but_kitties",
    function(
        "forget(gone text)",
        f"""
        BEGIN
            PERFORM forget_but_kitties(gone);
            UPDATE treasurer SET mxid = '{NOBODY}' WHERE person = gone;
            UPDATE proposal SET by_mxid = '{NOBODY}' WHERE by_person = gone;
            UPDATE proposal SET mxid = '{NOBODY}' WHERE person = gone;
            UPDATE assent SET mxid = '{NOBODY}' WHERE person = gone;
        END
        """,  # noqa: S608 - our own words
        returns="void",
    ),
)


def upgrade() -> None:
    op.create_table(
        "kitty",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("opener", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("needs", BIG, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name="kitty_state"),
        sa.CheckConstraint("needs >= 1", name="kitty_needs"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("kitty_open_in", "kitty", ["room"], unique=True, **where("state = 'open'"))
    op.create_table(
        "treasurer",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kitty", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("active", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("active IN (0, 1)", name="treasurer_active"),
        sa.ForeignKeyConstraint(["kitty"], ["kitty.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kitty", "person"),
        sqlite_strict=True,
    )
    op.create_index("treasurer_of", "treasurer", ["person"])
    op.create_table(
        "proposal",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kitty", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("by_person", TEXT, nullable=False),
        sa.Column("by_mxid", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("mxid", TEXT, nullable=True),
        sa.Column("amount", BIG, nullable=True),
        sa.Column("currency", TEXT, nullable=True),
        sa.Column("needs", BIG, nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("needed", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("kind IN ('add', 'close', 'needs', 'pay', 'remove')", name="proposal_kind"),
        sa.CheckConstraint("state IN ('declined', 'done', 'expired', 'open')", name="proposal_state"),
        sa.CheckConstraint("amount IS NULL OR amount BETWEEN 1 AND 1000000000000000", name="proposal_amount"),
        sa.CheckConstraint(
            "(kind = 'pay') = (amount IS NOT NULL) AND (amount IS NULL) = (currency IS NULL)",
            name="proposal_pays",
        ),
        sa.CheckConstraint(
            "(kind IN ('add', 'pay', 'remove')) = (person IS NOT NULL AND mxid IS NOT NULL)",
            name="proposal_person",
        ),
        sa.CheckConstraint("(kind = 'needs') = (needs IS NOT NULL)", name="proposal_needs"),
        sa.CheckConstraint(
            "(state = 'done') = (needed IS NOT NULL) AND (needed IS NULL OR needed >= 1)",
            name="proposal_done",
        ),
        sa.ForeignKeyConstraint(["kitty"], ["kitty.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("proposal_of", "proposal", ["kitty", "created"])
    op.create_index("proposal_expiring", "proposal", ["expires"], **where("state = 'open'"))
    op.create_table(
        "assent",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("proposal", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("approves", BIG, nullable=False),
        sa.Column("strong", BIG, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("approves IN (0, 1)", name="assent_approves"),
        sa.CheckConstraint("strong IN (0, 1)", name="assent_strong"),
        sa.ForeignKeyConstraint(["proposal"], ["proposal.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("proposal", "person"),
        sqlite_strict=True,
    )
    op.create_index("assent_of", "assent", ["person"])
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)


def downgrade() -> None:
    set_up(
        postgresql=(
            "DROP FUNCTION forget(text)",
            "ALTER FUNCTION forget_but_kitties(text) RENAME TO forget",
        )
    )
    for table in ("assent", "proposal", "treasurer", "kitty"):
        op.drop_table(table)
