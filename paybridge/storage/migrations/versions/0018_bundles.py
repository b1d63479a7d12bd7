"""Several payments on one card, approved by one code."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import TEXT, where
from paybridge.storage.guards import add_check, function, kept, refused_update, set_up

revision: Final = "0018"
down_revision: Final = "0017"

TERMS: Final = "id kind payer payer_mxid payee payee_mxid amount currency room created original bundle"
BELONGS: Final = "a bundle is one card of one payer, and grows no more once it is approved"

# What all parts of a bundle have in common, and that nobody is in it twice.
STRANGE: Final = (
    "other.bundle = new.bundle AND other.id <> new.id AND ("
    "other.payer <> new.payer OR other.room <> new.room OR other.currency <> new.currency"
    " OR other.nonce <> new.nonce OR other.payee = new.payee"
    " OR other.state NOT IN ('drafted', 'awaiting_approval'))"
)

SQLITE: Final = (
    "DROP TRIGGER transfer_terms",
    f"""
    CREATE TRIGGER transfer_terms BEFORE UPDATE OF
        {", ".join(TERMS.split())}
    ON transfer BEGIN
        SELECT raise(ABORT, 'a transfer keeps its terms');
    END
    """,
    f"""
    CREATE TRIGGER transfer_belongs BEFORE INSERT ON transfer
    WHEN new.bundle IS NOT NULL AND EXISTS (SELECT 1 FROM transfer AS other WHERE {STRANGE})
    BEGIN
        SELECT raise(ABORT, '{BELONGS}');
    END
    """,  # noqa: S608  our own words
)

POSTGRESQL: Final = (
    "DROP TRIGGER transfer_terms ON transfer",
    refused_update("transfer", "transfer_terms", kept(TERMS), "a transfer keeps its terms"),
    function(
        "transfer_belongs()",
        f"""
        BEGIN
            IF EXISTS (SELECT 1 FROM transfer AS other WHERE {STRANGE}) THEN
                RAISE EXCEPTION '{BELONGS}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,  # noqa: S608  our own words
    ),
    """
    CREATE TRIGGER transfer_belongs AFTER INSERT ON transfer FOR EACH ROW
    WHEN (new.bundle IS NOT NULL) EXECUTE FUNCTION transfer_belongs()
    """,
)


def upgrade() -> None:
    op.add_column("transfer", sa.Column("bundle", TEXT, nullable=True))
    add_check("transfer", "transfer_bundle", "bundle IS NULL OR kind = 'pay'")
    op.create_index("transfer_of_bundle", "transfer", ["bundle"], unique=False, **where("bundle IS NOT NULL"))
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
