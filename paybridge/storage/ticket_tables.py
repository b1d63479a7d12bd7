"""The tables of events, the orders of their tickets, tickets, doors and waiting lists."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.money import MAX_MINOR
from paybridge.domain.ticket import (
    MOST_PLACES,
    MOST_TICKETS,
    MOST_TURNS,
    BookingState,
    GigState,
    TicketState,
    WaitState,
)
from paybridge.storage.columns import (
    TEXT,
    bytes_column,
    check,
    id_column,
    in_list,
    number_column,
    text_column,
    where,
)
from paybridge.storage.tables import metadata

IS_ON_SALE: Final = "state = 'open'"
IS_GOOD: Final = "state = 'valid'"
IS_THERE: Final = "there = 1"
IS_LISTED: Final = "state IN ('offered', 'waiting')"
IS_WAITING: Final = "state = 'waiting'"
IS_OFFERED: Final = "state = 'offered'"

gig: Final = Table(
    "gig",
    metadata,
    id_column(),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    text_column("state"),
    bytes_column("name"),
    number_column("price"),
    text_column("currency"),
    number_column("places"),
    number_column("held"),
    text_column("room", null=True),
    number_column("starts", null=True),
    number_column("refund_until", null=True),
    number_column("created"),
    number_column("version"),
    check("gig_state", in_list("state", GigState)),
    check("gig_price", f"price BETWEEN 1 AND {MAX_MINOR}"),
    check("gig_places", f"places BETWEEN 1 AND {MOST_PLACES}"),
    check("gig_held", "held BETWEEN 0 AND places"),
    Index("gig_on_sale_of", "shop", "created", **where(IS_ON_SALE)),
    Index("gig_of_shop", "shop", "created"),
    sqlite_strict=True,
)

wait: Final = Table(
    "wait",
    metadata,
    id_column(),
    Column("gig", TEXT, ForeignKey("gig.id"), nullable=False),
    text_column("person"),
    text_column("state"),
    number_column("created"),
    number_column("until", null=True),
    text_column("booking", null=True),
    number_column("version"),
    check("wait_state", in_list("state", WaitState)),
    check("wait_until", "until IS NOT NULL OR state NOT IN ('offered', 'done')"),
    check("wait_booking", "(booking IS NOT NULL) = (state = 'done')"),
    Index("wait_once", "gig", "person", unique=True, **where(IS_LISTED)),
    Index("wait_for", "gig", "created", "id", **where(IS_WAITING)),
    Index("wait_in_order", "created", "id", **where(IS_WAITING)),
    Index("wait_offered_until", "until", **where(IS_OFFERED)),
    Index("wait_booked", "booking", **where("state = 'done'")),
    sqlite_strict=True,
)

booking: Final = Table(
    "booking",
    metadata,
    Column("id", TEXT, ForeignKey("transfer.id"), primary_key=True),
    Column("gig", TEXT, ForeignKey("gig.id"), nullable=False),
    text_column("buyer"),
    number_column("pieces"),
    number_column("price"),
    text_column("state"),
    number_column("version"),
    check("booking_pieces", f"pieces BETWEEN 1 AND {MOST_TICKETS}"),
    check("booking_price", f"price BETWEEN 1 AND {MAX_MINOR}"),
    check("booking_state", in_list("state", BookingState)),
    sqlite_strict=True,
)

ticket: Final = Table(
    "ticket",
    metadata,
    id_column(),
    Column("booking", TEXT, ForeignKey("booking.id"), nullable=False),
    Column("gig", TEXT, ForeignKey("gig.id"), nullable=False),
    number_column("number"),
    text_column("holder"),
    text_column("state"),
    number_column("turn"),
    number_column("used_at", null=True),
    text_column("used_by", null=True),
    text_column("refund", null=True),
    number_column("version"),
    UniqueConstraint("booking", "number"),
    check("ticket_number", f"number BETWEEN 1 AND {MOST_TICKETS}"),
    check("ticket_state", in_list("state", TicketState)),
    check("ticket_turn", f"turn BETWEEN 0 AND {MOST_TURNS}"),
    check(
        "ticket_used",
        "(used_at IS NOT NULL) = (state = 'used') AND (used_by IS NULL) = (used_at IS NULL)",
    ),
    Index("ticket_for", "gig", "id"),
    Index("ticket_held_by", "holder", "id", **where(IS_GOOD)),
    sqlite_strict=True,
)

doorkeeper: Final = Table(
    "doorkeeper",
    metadata,
    id_column(),
    Column("gig", TEXT, ForeignKey("gig.id"), nullable=False),
    text_column("person"),
    number_column("there"),
    number_column("version"),
    UniqueConstraint("gig", "person"),
    check("doorkeeper_there", "there BETWEEN 0 AND 1"),
    Index("doorkeeper_at", "gig", **where(IS_THERE)),
    Index("doorkeeper_is", "person", "gig", **where(IS_THERE)),
    sqlite_strict=True,
)
