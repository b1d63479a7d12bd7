"""Refunds of what was paid; and what rails do to orders that were over: take back, or move late."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import add_check, add_foreign_key, kept, refused_update, replace_check, set_up

revision: Final = "0008"
down_revision: Final = "0007"

TRANSFER_KIND: Final = "kind IN ('cashout', 'pay', 'refund', 'topup')"
TRANSFER_STATE: Final = (
    "state IN ('approved', 'awaiting_approval', 'cancelled', 'claimable', 'claimed', 'drafted',"
    " 'expired', 'refused', 'returned', 'reversed', 'settled')"
)
LEG_STATE: Final = (
    "state IN ('cancelled', 'executing', 'prepared', 'ready', 'refused', 'reserved', 'reversed', 'settled',"
    " 'suspended', 'unsure')"
)
OPEN_LEG: Final = "state IN ('executing', 'prepared', 'ready', 'reserved', 'unsure')"

TRANSFER_ENDED: Final = (
    "new.state <> old.state AND old.state IN ("
    "'cancelled', 'claimed', 'expired', 'refused', 'returned', 'reversed', 'settled')"
    " AND NOT (old.state IN ('claimed', 'returned', 'settled') AND new.state = 'reversed')"
)
LEG_ENDED: Final = (
    "new.state <> old.state AND old.state IN ('cancelled', 'refused', 'reversed', 'settled', 'suspended')"
    " AND NOT (old.kind <> 'book' AND ("
    "old.state = 'settled' AND new.state = 'reversed' OR old.state = 'refused' AND new.state = 'suspended'))"
)
TERMS: Final = "id kind payer payer_mxid payee payee_mxid amount currency room created original"

SQLITE: Final = (
    "DROP TRIGGER transfer_terms",
    "DROP TRIGGER transfer_ended",
    "DROP TRIGGER leg_ended",
    f"""
    CREATE TRIGGER transfer_terms BEFORE UPDATE OF
        {", ".join(TERMS.split())}
    ON transfer BEGIN
        SELECT raise(ABORT, 'a transfer keeps its terms');
    END
    """,
    f"""
    CREATE TRIGGER transfer_ended BEFORE UPDATE OF state ON transfer
    WHEN {TRANSFER_ENDED}
    BEGIN
        SELECT raise(ABORT, 'a transfer that ended stays as it ended');
    END
    """,
    f"""
    CREATE TRIGGER leg_ended BEFORE UPDATE OF state ON leg
    WHEN {LEG_ENDED}
    BEGIN
        SELECT raise(ABORT, 'a leg that ended stays as it ended');
    END
    """,
    """
    CREATE TRIGGER transfer_refunds BEFORE UPDATE OF refunded ON transfer
    WHEN new.refunded < old.refunded OR new.refunded > old.refunded AND (
        new.kind <> 'pay' OR new.state NOT IN ('claimed', 'settled')
    )
    BEGIN
        SELECT raise(ABORT, 'only what was paid is refunded, and no refund is undone');
    END
    """,
)

POSTGRESQL: Final = (
    "DROP TRIGGER transfer_terms ON transfer",
    "DROP TRIGGER transfer_ended ON transfer",
    "DROP TRIGGER leg_ended ON leg",
    refused_update("transfer", "transfer_terms", kept(TERMS), "a transfer keeps its terms"),
    refused_update("transfer", "transfer_ended", TRANSFER_ENDED, "a transfer that ended stays as it ended"),
    refused_update("leg", "leg_ended", LEG_ENDED, "a leg that ended stays as it ended"),
    refused_update(
        "transfer",
        "transfer_refunds",
        "new.refunded < old.refunded OR new.refunded > old.refunded AND ("
        "new.kind <> 'pay' OR new.state NOT IN ('claimed', 'settled'))",
        "only what was paid is refunded, and no refund is undone",
    ),
)


def upgrade() -> None:
    replace_check("transfer", "transfer_kind", TRANSFER_KIND)
    replace_check("transfer", "transfer_state", TRANSFER_STATE)
    replace_check("leg", "leg_state", LEG_STATE)
    op.add_column("transfer", sa.Column("original", TEXT, nullable=True))
    op.add_column("transfer", sa.Column("refunded", BIG, server_default="0", nullable=False))
    add_foreign_key("transfer", "original", "transfer")
    add_check("transfer", "transfer_original", "(kind = 'refund') = (original IS NOT NULL)")
    add_check("transfer", "transfer_refunded", "refunded BETWEEN 0 AND amount")
    op.add_column("leg", sa.Column("taken_back", BIG, server_default="0", nullable=False))
    add_check(
        "leg",
        "leg_taken_back",
        "taken_back BETWEEN 0 AND amount AND (taken_back > 0) = (state = 'reversed')",
    )
    op.drop_index("leg_due", "leg")
    op.create_index("leg_due", "leg", ["due"], unique=False, **where("due IS NOT NULL"))
    op.create_index("leg_open", "leg", ["rail", "state"], unique=False, **where(OPEN_LEG))
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)
