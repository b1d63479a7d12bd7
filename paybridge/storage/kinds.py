"""Each kind of record: its table, its key, and what of it never changes once it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.acts import Act
from paybridge.domain.contact import Block, Contact
from paybridge.domain.deeds import Deed
from paybridge.domain.factor import Factor, RecoveryCode
from paybridge.domain.history import Bookmark
from paybridge.domain.invoice import Invoice
from paybridge.domain.kitty import Assent, Kitty, Proposal, Treasurer
from paybridge.domain.leg import Leg
from paybridge.domain.membership import Club, Member
from paybridge.domain.motions import Motion
from paybridge.domain.one_time_link import OneTimeLink
from paybridge.domain.order_refund import RefundLine, SaleRefund
from paybridge.domain.own_cap import OwnCap
from paybridge.domain.passkey import Ceremony, Passkey
from paybridge.domain.people import Identity, Link, Person
from paybridge.domain.pinning import PinnedKey
from paybridge.domain.policy import RoomPolicy
from paybridge.domain.rail_pause import RailPause
from paybridge.domain.repeat import Instalment, Repeat
from paybridge.domain.request import Request
from paybridge.domain.sale import Item, Sale, Taking
from paybridge.domain.shop import Series, Shop
from paybridge.domain.shop_session import ShopSession
from paybridge.domain.shop_staff import ShopAct, Staff
from paybridge.domain.split import Share, Split
from paybridge.domain.spoken import Origin
from paybridge.domain.standing import Standing
from paybridge.domain.ticket import Booking, Doorkeeper, Gig, Ticket, Wait
from paybridge.domain.tie import Guesses, Tie
from paybridge.domain.transfer import Transfer
from paybridge.domain.trip import Expense, Part, Traveller, Trip
from paybridge.domain.webhook import Webhook
from paybridge.storage import (
    act_tables,
    contact_tables,
    deed_tables,
    factor_tables,
    history_tables,
    kitty_tables,
    membership_tables,
    motion_tables,
    one_time_tables,
    own_cap_tables,
    pause_tables,
    pinning_tables,
    repeat_tables,
    sale_tables,
    shop_session_tables,
    shop_tables,
    split_tables,
    standing_tables,
    tables,
    ticket_tables,
    tie_tables,
    trip_tables,
    webhook_tables,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Table

    from paybridge.services.ports import Record

TABLE_OF: Final[Mapping[type[Record], Table]] = {
    Person: tables.person,
    Identity: tables.identity,
    Link: tables.link,
    Request: tables.request,
    Transfer: tables.transfer,
    Leg: tables.leg,
    RoomPolicy: tables.room_policy,
    PinnedKey: pinning_tables.pinned_key,
    Origin: tables.origin,
    Factor: factor_tables.factor,
    RecoveryCode: factor_tables.recovery_code,
    Passkey: factor_tables.passkey,
    Ceremony: factor_tables.ceremony,
    OneTimeLink: one_time_tables.one_time_link,
    Webhook: webhook_tables.webhook,
    Trip: trip_tables.trip,
    Traveller: trip_tables.traveller,
    Expense: trip_tables.expense,
    Part: trip_tables.expense_part,
    Kitty: kitty_tables.kitty,
    Treasurer: kitty_tables.treasurer,
    Proposal: kitty_tables.proposal,
    Assent: kitty_tables.assent,
    Split: split_tables.split,
    Share: split_tables.share,
    Shop: shop_tables.shop,
    Club: membership_tables.club,
    Member: membership_tables.member,
    Repeat: repeat_tables.repeat,
    Instalment: repeat_tables.instalment,
    Staff: shop_tables.shop_staff,
    ShopAct: shop_tables.shop_act,
    Series: shop_tables.series,
    Invoice: shop_tables.invoice,
    Item: sale_tables.item,
    Sale: sale_tables.sale,
    Taking: sale_tables.taking,
    Gig: ticket_tables.gig,
    Wait: ticket_tables.wait,
    Booking: ticket_tables.booking,
    Ticket: ticket_tables.ticket,
    Doorkeeper: ticket_tables.doorkeeper,
    ShopSession: shop_session_tables.shop_session,
    SaleRefund: sale_tables.sale_refund,
    RefundLine: sale_tables.refund_line,
    Bookmark: history_tables.bookmark,
    Contact: contact_tables.contact,
    Block: contact_tables.block,
    Deed: deed_tables.deed,
    Standing: standing_tables.standing,
    Tie: tie_tables.tie,
    Guesses: tie_tables.guesses,
    Act: act_tables.act,
    Motion: motion_tables.motion,
    RailPause: pause_tables.rail_pause,
    OwnCap: own_cap_tables.own_cap,
}
"""The table of every kind of record; the order is that in which foreign keys let them be written."""

_AGREED: Final = ("amount", "currency", "room", "created")
TERMS_OF: Final[Mapping[type[Record], tuple[str, ...]]] = {
    Person: (),
    Identity: (),
    Link: (),
    Request: ("asker", "asker_mxid", "asked", "asked_mxid", *_AGREED),
    Transfer: ("kind", "payer", "payer_mxid", "payee", "payee_mxid", "original", "bundle", *_AGREED),
    Leg: ("transfer", "number", "kind", "rail", "owner", "amount", "currency", "to_link"),
    RoomPolicy: (),
    PinnedKey: (),
    Origin: (),
    Factor: (),
    RecoveryCode: ("person", "hash"),
    Passkey: ("person", "mark", "credential", "public_key", "added"),
    Ceremony: ("person", "purpose", "bound", "expires"),
    OneTimeLink: ("person", "purpose", "subject", "expires"),
    Webhook: ("rail", "body", "received"),
    Trip: ("opener", "currency", "room", "created"),
    Traveller: ("trip", "person", "mxid"),
    Expense: (
        *("trip", "number", "writer", "amount", "currency", "spent", "spent_currency", "rate", "created"),
    ),
    Part: ("expense", "person", "paid", "owed", "currency", "odd"),
    Kitty: ("opener", "currency", "created", "name"),
    Treasurer: ("kitty", "person", "mxid"),
    Proposal: (
        *("kitty", "kind", "by_person", "by_mxid", "created", "expires", "nonce"),
        *("person", "mxid", "amount", "currency", "needs"),
    ),
    Assent: ("proposal", "person", "mxid", "code", "approves", "strong", "at"),
    Split: ("payer", "payer_mxid", "currency", "room", "created", "trip"),
    Share: ("split", "person", "mxid", "how", "weight", "currency"),
    Repeat: (
        *("payer", "payee", "cap", "currency", "unit", "every", "start", "day"),
        *("until", "room", "created", "nonce", "replaces", "club"),
    ),
    Club: (
        *("shop", "owner", "currency", "unit", "every", "start", "day"),
        *("floats", "notice", "created", "room"),
    ),
    Member: ("club", "person", "joined"),
    Instalment: ("repeat", "number", "day"),
    Shop: ("owner", "created"),
    Staff: ("shop", "person", "since"),
    ShopAct: ("shop", "at", "actor", "what", "subject"),
    Series: ("shop", "year"),
    Invoice: ("shop", "year", "number", "paper", "tips", "parts"),
    Item: ("shop", "currency", "created"),
    Sale: ("shop", "buyer", "paper", "created", "number"),
    Taking: ("sale", "item", "pieces", "price"),
    Gig: ("shop", "price", "currency", "places", "held", "created"),
    Wait: ("gig", "person", "created"),
    Booking: ("gig", "buyer", "pieces", "price"),
    Ticket: ("booking", "gig", "number"),
    Doorkeeper: ("gig", "person"),
    ShopSession: ("person", "shop", "passkey", "started", "ends"),
    SaleRefund: ("sale", "actor", "restocks", "cancels"),
    RefundLine: ("refund", "taking", "pieces"),
    Bookmark: (),
    Contact: ("person", "created"),
    Block: ("person", "other"),
    Deed: ("kind", "person", "at"),
    Standing: (),
    Tie: ("person", "mxid", "bridge", "code", "created"),
    Guesses: (),
    Act: (),
    RailPause: (),
    OwnCap: ("person", "currency"),
    Motion: (
        "kind",
        "by",
        "via",
        "person",
        "at",
        "due",
        "needs_second",
        "payment",
        "amount",
        "currency",
        "level",
    ),
}
"""What never changes of a record once it is written: left out of updates, which so touch fewer indexes."""

KEY_OF: Final = {kind: next(iter(table.primary_key.columns)).name for kind, table in TABLE_OF.items()}

_RANK: Final = {kind: rank for rank, kind in enumerate(TABLE_OF)}


def writing_order(record: Record) -> tuple[int, bool]:
    """By foreign keys; and of two links the new default last, when the old one is none any more."""
    return _RANK[type(record)], isinstance(record, Link) and record.is_default
