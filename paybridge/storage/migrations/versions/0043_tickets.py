"""Events and their tickets: never more held or sold than there are places, and each let in once."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from paybridge.storage.columns import BIG, TEXT, where
from paybridge.storage.guards import drop_functions, function, kept, refused, refused_update, set_up

revision: Final = "0043"
down_revision: Final = "0042"

KEEPS: Final = {
    "gig": (
        kept("id shop price currency places created") + " OR old.state = 'closed' AND new.state <> 'closed'",
        "an event keeps its terms, and one whose sale is over stays so",
    ),
    "wait": (
        kept("id gig person created")
        + " OR NOT (old.state = 'waiting' AND new.state IN ('offered', 'gone')"
        + " OR old.state = 'offered' AND new.state IN ('done', 'gone'))",
        "whoever waits is offered a place once, and takes it or not",
    ),
    "booking": (
        kept("id gig buyer pieces price")
        + " OR NOT (old.state = 'open' AND new.state IN ('taken', 'back')"
        + " OR old.state = 'taken' AND new.state = 'back')",
        "an order of tickets keeps its terms",
    ),
    "ticket": (
        kept("id booking gig number")
        + " OR old.state <> 'valid' OR NOT (new.turn = old.turn AND new.holder = old.holder"
        + " OR new.turn = old.turn + 1 AND new.state = 'valid')",
        "a ticket that was used or given back stays so, and is given on with its next turn",
    ),
    "doorkeeper": (kept("id gig person"), "a doorkeeper stays at their door"),
}
NEW: Final = {
    "gig": ("new.held <> 0", "no place is held before it is sold"),
    "wait": ("new.state <> 'waiting'", "nobody is offered a place before they wait"),
    "booking": ("new.state <> 'open'", "no place is held before the order is approved"),
    "ticket": ("new.state <> 'valid' OR new.turn <> 0", "a ticket begins with its buyer"),
}
STAYS: Final = "events and their tickets are never deleted"
# The version goes on, so that whoever changes the event meanwhile decides again. A place that was offered
# to the buyer is held already.
TAKE: Final = """
    UPDATE gig SET version = version + 1, held = held + CASE new.state
        WHEN 'taken' THEN new.pieces - (
            SELECT count(*) FROM wait
            WHERE wait.booking = new.id AND wait.state = 'done' AND wait.gig = new.gig
        )
        ELSE CASE old.state WHEN 'taken' THEN -new.pieces ELSE 0 END END
    WHERE id = new.gig
"""
OFFER: Final = """
    UPDATE gig SET version = version + 1, held = held + CASE
        WHEN new.state = 'offered' THEN 1
        WHEN new.state = 'gone' AND old.state = 'offered' THEN -1
        ELSE 0 END
    WHERE id = new.gig
"""
FREE: Final = "UPDATE gig SET version = version + 1, held = held - 1 WHERE id = new.gig"
IS_PAID_FOR: Final = """
    EXISTS (
        SELECT 1 FROM booking
        WHERE booking.id = new.booking AND booking.state = 'taken' AND booking.gig = new.gig
        AND booking.buyer = new.holder AND new.number <= booking.pieces
    )
"""
IS_ISSUED: Final = (
    "new.state = 'back' AND old.state = 'taken'"
    " AND EXISTS (SELECT 1 FROM ticket WHERE ticket.booking = new.id)"
)
UNPAID: Final = "a ticket belongs to an order that holds its place"
ISSUED: Final = "places with tickets come back by a refund"

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
    *(
        f"""
        CREATE TRIGGER {table}_new BEFORE INSERT ON {table} WHEN {when} BEGIN
            SELECT raise(ABORT, '{message}');
        END
        """
        for table, (when, message) in NEW.items()
    ),
    f"""
    CREATE TRIGGER booking_takes AFTER UPDATE OF state ON booking WHEN new.state <> old.state BEGIN
        SELECT raise(ABORT, '{ISSUED}') WHERE {IS_ISSUED};
        {TAKE};
    END
    """,
    f"""
    CREATE TRIGGER wait_holds AFTER UPDATE OF state ON wait WHEN new.state <> old.state BEGIN
        {OFFER};
    END
    """,
    f"""
    CREATE TRIGGER ticket_frees AFTER UPDATE OF state ON ticket
    WHEN new.state = 'refunded' AND old.state = 'valid' BEGIN
        {FREE};
    END
    """,
    f"""
    CREATE TRIGGER ticket_paid AFTER INSERT ON ticket WHEN NOT {IS_PAID_FOR} BEGIN
        SELECT raise(ABORT, '{UNPAID}');
    END
    """,
)
POSTGRESQL: Final = (
    *(refused_update(table, f"{table}_kept", when, message) for table, (when, message) in KEEPS.items()),
    *(refused(table, deed, STAYS) for table in KEEPS for deed in ("DELETE", "TRUNCATE")),
    *(
        f"""
        CREATE TRIGGER {table}_new BEFORE INSERT ON {table} FOR EACH ROW
        WHEN ({when}) EXECUTE FUNCTION refuse('{message}')
        """
        for table, (when, message) in NEW.items()
    ),
    function(
        "booking_takes()",
        f"""
        BEGIN
            IF {IS_ISSUED} THEN
                RAISE EXCEPTION '{ISSUED}' USING ERRCODE = 'check_violation';
            END IF;
            {TAKE};
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER booking_takes AFTER UPDATE ON booking FOR EACH ROW
    WHEN (new.state <> old.state) EXECUTE FUNCTION booking_takes()
    """,
    function(
        "wait_holds()",
        f"""
        BEGIN
            {OFFER};
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER wait_holds AFTER UPDATE ON wait FOR EACH ROW
    WHEN (new.state <> old.state) EXECUTE FUNCTION wait_holds()
    """,
    function(
        "ticket_frees()",
        f"""
        BEGIN
            {FREE};
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER ticket_frees AFTER UPDATE ON ticket FOR EACH ROW
    WHEN (new.state = 'refunded' AND old.state = 'valid') EXECUTE FUNCTION ticket_frees()
    """,
    function(
        "ticket_paid()",
        f"""
        BEGIN
            IF NOT {IS_PAID_FOR} THEN
                RAISE EXCEPTION '{UNPAID}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END
        """,
    ),
    """
    CREATE TRIGGER ticket_paid AFTER INSERT ON ticket FOR EACH ROW EXECUTE FUNCTION ticket_paid()
    """,
)


def upgrade() -> None:
    _gig()
    _wait()
    _booking()
    _ticket()
    _doorkeeper()
    set_up(sqlite=SQLITE, postgresql=POSTGRESQL)


def _gig() -> None:
    op.create_table(
        "gig",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("shop", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("price", BIG, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("places", BIG, nullable=False),
        sa.Column("held", BIG, nullable=False),
        sa.Column("room", TEXT, nullable=True),
        sa.Column("starts", BIG, nullable=True),
        sa.Column("refund_until", BIG, nullable=True),
        sa.Column("created", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name="gig_state"),
        sa.CheckConstraint("price BETWEEN 1 AND 1000000000000000", name="gig_price"),
        sa.CheckConstraint("places BETWEEN 1 AND 100000", name="gig_places"),
        sa.CheckConstraint("held BETWEEN 0 AND places", name="gig_held"),
        sa.ForeignKeyConstraint(["shop"], ["shop.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("gig_on_sale_of", "gig", ["shop", "created"], **where("state = 'open'"))
    op.create_index("gig_of_shop", "gig", ["shop", "created"])


def _wait() -> None:
    op.create_table(
        "wait",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("gig", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("until", BIG, nullable=True),
        sa.Column("booking", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state IN ('done', 'gone', 'offered', 'waiting')", name="wait_state"),
        sa.CheckConstraint("until IS NOT NULL OR state NOT IN ('offered', 'done')", name="wait_until"),
        sa.CheckConstraint("(booking IS NOT NULL) = (state = 'done')", name="wait_booking"),
        sa.ForeignKeyConstraint(["gig"], ["gig.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    listed, waits = where("state IN ('offered', 'waiting')"), where("state = 'waiting'")
    op.create_index("wait_once", "wait", ["gig", "person"], unique=True, **listed)
    op.create_index("wait_for", "wait", ["gig", "created", "id"], **waits)
    op.create_index("wait_in_order", "wait", ["created", "id"], **waits)
    op.create_index("wait_offered_until", "wait", ["until"], **where("state = 'offered'"))
    op.create_index("wait_booked", "wait", ["booking"], **where("state = 'done'"))


def _booking() -> None:
    op.create_table(
        "booking",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("gig", TEXT, nullable=False),
        sa.Column("buyer", TEXT, nullable=False),
        sa.Column("pieces", BIG, nullable=False),
        sa.Column("price", BIG, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("pieces BETWEEN 1 AND 10", name="booking_pieces"),
        sa.CheckConstraint("price BETWEEN 1 AND 1000000000000000", name="booking_price"),
        sa.CheckConstraint("state IN ('back', 'open', 'taken')", name="booking_state"),
        sa.ForeignKeyConstraint(["id"], ["transfer.id"]),
        sa.ForeignKeyConstraint(["gig"], ["gig.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )


def _ticket() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("booking", TEXT, nullable=False),
        sa.Column("gig", TEXT, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("turn", BIG, nullable=False),
        sa.Column("used_at", BIG, nullable=True),
        sa.Column("used_by", TEXT, nullable=True),
        sa.Column("refund", TEXT, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 10", name="ticket_number"),
        sa.CheckConstraint("state IN ('refunded', 'used', 'valid')", name="ticket_state"),
        sa.CheckConstraint("turn BETWEEN 0 AND 99", name="ticket_turn"),
        sa.CheckConstraint(
            "(used_at IS NOT NULL) = (state = 'used') AND (used_by IS NULL) = (used_at IS NULL)",
            name="ticket_used",
        ),
        sa.ForeignKeyConstraint(["booking"], ["booking.id"]),
        sa.ForeignKeyConstraint(["gig"], ["gig.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("booking", "number"),
        sqlite_strict=True,
    )
    op.create_index("ticket_for", "ticket", ["gig", "id"])
    op.create_index("ticket_held_by", "ticket", ["holder", "id"], **where("state = 'valid'"))


def _doorkeeper() -> None:
    op.create_table(
        "doorkeeper",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("gig", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("there", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("there BETWEEN 0 AND 1", name="doorkeeper_there"),
        sa.ForeignKeyConstraint(["gig"], ["gig.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("gig", "person"),
        sqlite_strict=True,
    )
    op.create_index("doorkeeper_at", "doorkeeper", ["gig"], **where("there = 1"))
    op.create_index("doorkeeper_is", "doorkeeper", ["person", "gig"], **where("there = 1"))


def downgrade() -> None:
    for table in ("doorkeeper", "ticket", "wait", "booking", "gig"):
        op.drop_table(table)
    drop_functions("booking_takes()", "wait_holds()", "ticket_frees()", "ticket_paid()")
