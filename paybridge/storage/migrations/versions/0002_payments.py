"""People, their links, transfers with their legs, and requests."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import kept, refused, refused_update, set_up

revision: Final = "0002"
down_revision: Final = "0001"

SQLITE: Final = (
    """
    CREATE TRIGGER transfer_terms BEFORE UPDATE OF
        id, kind, payer, payer_mxid, payee, payee_mxid, amount, currency, room, created
    ON transfer BEGIN
        SELECT raise(ABORT, 'a transfer keeps its terms');
    END
    """,
    """
    CREATE TRIGGER transfer_ended BEFORE UPDATE OF state ON transfer
    WHEN new.state <> old.state AND old.state IN (
        'cancelled', 'claimed', 'expired', 'refused', 'returned', 'settled'
    )
    BEGIN
        SELECT raise(ABORT, 'a transfer that ended stays as it ended');
    END
    """,
    """
    CREATE TRIGGER transfer_delete BEFORE DELETE ON transfer BEGIN
        SELECT raise(ABORT, 'transfers are never deleted');
    END
    """,
    """
    CREATE TRIGGER leg_terms BEFORE UPDATE OF
        id, transfer, number, kind, rail, owner, amount, currency
    ON leg BEGIN
        SELECT raise(ABORT, 'a leg keeps its terms');
    END
    """,
    """
    CREATE TRIGGER leg_ended BEFORE UPDATE OF state ON leg
    WHEN new.state <> old.state AND old.state IN (
        'cancelled', 'refused', 'settled'
    )
    BEGIN
        SELECT raise(ABORT, 'a leg that ended stays as it ended');
    END
    """,
    """
    CREATE TRIGGER leg_delete BEFORE DELETE ON leg BEGIN
        SELECT raise(ABORT, 'legs are never deleted');
    END
    """,
    """
    CREATE TRIGGER request_terms BEFORE UPDATE OF
        id, asker, asker_mxid, asked, asked_mxid, amount, currency, room, created
    ON request BEGIN
        SELECT raise(ABORT, 'a request keeps its terms');
    END
    """,
    """
    CREATE TRIGGER request_ended BEFORE UPDATE OF state ON request
    WHEN new.state <> old.state AND old.state IN (
        'cancelled', 'declined', 'expired', 'paid'
    )
    BEGIN
        SELECT raise(ABORT, 'a request that ended stays as it ended');
    END
    """,
    """
    CREATE TRIGGER request_delete BEFORE DELETE ON request BEGIN
        SELECT raise(ABORT, 'requests are never deleted');
    END
    """,
)


POSTGRESQL: Final = (
    refused_update(
        "transfer",
        "transfer_terms",
        kept("id kind payer payer_mxid payee payee_mxid amount currency room created"),
        "a transfer keeps its terms",
    ),
    refused_update(
        "transfer",
        "transfer_ended",
        "new.state <> old.state AND old.state IN ("
        "'cancelled', 'claimed', 'expired', 'refused', 'returned', 'settled')",
        "a transfer that ended stays as it ended",
    ),
    refused("transfer", "DELETE", "transfers are never deleted"),
    refused("transfer", "TRUNCATE", "transfers are never deleted"),
    refused_update(
        "leg",
        "leg_terms",
        kept("id transfer number kind rail owner amount currency"),
        "a leg keeps its terms",
    ),
    refused_update(
        "leg",
        "leg_ended",
        "new.state <> old.state AND old.state IN ('cancelled', 'refused', 'settled')",
        "a leg that ended stays as it ended",
    ),
    refused("leg", "DELETE", "legs are never deleted"),
    refused("leg", "TRUNCATE", "legs are never deleted"),
    refused_update(
        "request",
        "request_terms",
        kept("id asker asker_mxid asked asked_mxid amount currency room created"),
        "a request keeps its terms",
    ),
    refused_update(
        "request",
        "request_ended",
        "new.state <> old.state AND old.state IN ('cancelled', 'declined', 'expired', 'paid')",
        "a request that ended stays as it ended",
    ),
    refused("request", "DELETE", "requests are never deleted"),
    refused("request", "TRUNCATE", "requests are never deleted"),
)


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("language", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "identity",
        sa.Column("mxid", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("mxid"),
        sqlite_strict=True,
    )
    op.create_index("identity_of_person", "identity", ["person"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("rail", TEXT, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("masked", TEXT, nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("is_default", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('failed', 'pending', 'removed', 'verified')", name="link_state"),
        sa.CheckConstraint("is_default IN (0, 1)", name="link_is_default"),
        sa.ForeignKeyConstraint(
            ["person"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("link_of_person", "link", ["person"], unique=False)
    op.create_index(
        "link_one_default",
        "link",
        ["person"],
        unique=True,
        **where("is_default = 1 AND state <> 'removed'"),
    )
    op.create_table(
        "request",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("asker", TEXT, nullable=False),
        sa.Column("asker_mxid", TEXT, nullable=False),
        sa.Column("asked", TEXT, nullable=False),
        sa.Column("asked_mxid", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("transfer", TEXT, nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint(
            "state IN ('accepted', 'cancelled', 'declined', 'expired', 'open', 'paid')", name="request_state"
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="request_amount"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("request_expiring", "request", ["expires"], unique=False, **where("state = 'open'"))
    op.create_index(
        "request_open_of",
        "request",
        ["asker", "created"],
        unique=False,
        **where("state = 'open'"),
    )
    op.create_index(
        "request_open_to",
        "request",
        ["asked", "created"],
        unique=False,
        **where("state = 'open'"),
    )
    op.create_table(
        "transfer",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("payer", TEXT, nullable=False),
        sa.Column("payer_mxid", TEXT, nullable=False),
        sa.Column("payee", TEXT, nullable=False),
        sa.Column("payee_mxid", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("fee", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("room", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("destination", TEXT, nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("times", BIG, nullable=True),
        sa.Column("request", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("updated", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("kind IN ('cashout', 'pay', 'topup')", name="transfer_kind"),
        sa.CheckConstraint(
            "state IN ('approved', 'awaiting_approval', 'cancelled', 'claimable', 'claimed', 'drafted',"
            " 'expired', 'refused', 'returned', 'settled')",
            name="transfer_state",
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="transfer_amount"),
        sa.CheckConstraint("fee BETWEEN 0 AND 1000000000000000", name="transfer_fee"),
        sa.ForeignKeyConstraint(
            ["payer"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["request"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index(
        "transfer_claimable_by",
        "transfer",
        ["payee", "state", "created"],
        unique=False,
        **where("state = 'claimable'"),
    )
    op.create_index(
        "transfer_expiring",
        "transfer",
        ["expires"],
        unique=False,
        **where("state IN ('awaiting_approval', 'claimable')"),
    )
    op.create_index("transfer_of_payee", "transfer", ["payee", "created"], unique=False)
    op.create_index("transfer_of_payer", "transfer", ["payer", "created"], unique=False)
    op.create_index(
        "transfer_one_per_request",
        "transfer",
        ["request"],
        unique=True,
        **where(
            "request IS NOT NULL AND state IN ('approved', 'awaiting_approval', 'claimable', 'claimed',"
            " 'drafted', 'settled')"
        ),
    )
    op.create_index(
        "transfer_open_of_payer",
        "transfer",
        ["payer", "created"],
        unique=False,
        **where("state IN ('approved', 'awaiting_approval', 'claimable')"),
    )
    op.create_table(
        "leg",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("transfer", TEXT, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("rail", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("fee", BIG, nullable=False),
        sa.Column("highest_fee", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("link", TEXT, nullable=True),
        sa.Column("to_person", TEXT, nullable=True),
        sa.Column("to_claim", BIG, nullable=False),
        sa.Column("handle", TEXT, nullable=True),
        sa.Column("remote_id", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("due", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("kind IN ('book', 'collect', 'payout')", name="leg_kind"),
        sa.CheckConstraint(
            "state IN ('cancelled', 'executing', 'prepared', 'ready', 'refused', 'reserved', 'settled',"
            " 'unsure')",
            name="leg_state",
        ),
        sa.CheckConstraint("amount BETWEEN 1 AND 1000000000000000", name="leg_amount"),
        sa.CheckConstraint(
            "fee BETWEEN 0 AND 1000000000000000 AND highest_fee BETWEEN 0 AND 1000000000000000",
            name="leg_fees",
        ),
        sa.CheckConstraint("to_claim IN (0, 1)", name="leg_to_claim"),
        sa.ForeignKeyConstraint(
            ["transfer"],
            ["transfer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("transfer", "number"),
        sqlite_strict=True,
    )
    op.create_index(
        "leg_due",
        "leg",
        ["due"],
        unique=False,
        **where("state IN ('executing', 'prepared', 'ready', 'reserved', 'unsure')"),
    )
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
