"""Every table: the writer's statements and the reads are made from these, and the migrations equal them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from paybridge.domain.ledger import AccountKind
from paybridge.domain.leg import OPEN_LEG_STATES, LegKind, LegState
from paybridge.domain.money import MAX_MINOR
from paybridge.domain.people import LinkState
from paybridge.domain.request import RequestState
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.storage.columns import (
    BIG,
    TEXT,
    bytes_column,
    check,
    id_column,
    in_list,
    number_column,
    row_number,
    text_column,
    where,
)

LIVE_PAYMENTS: Final = (
    TransferState.DRAFTED,
    TransferState.AWAITING_APPROVAL,
    TransferState.APPROVED,
    TransferState.SETTLED,
    TransferState.CLAIMABLE,
    TransferState.CLAIMED,
)
"""States in which a transfer answers its request, or a part of it, so that no second one may."""

metadata: Final = MetaData()


# SQLite takes a partial index only where a query repeats its condition word for word.
OPEN_STATES: Final = (TransferState.AWAITING_APPROVAL, TransferState.APPROVED, TransferState.CLAIMABLE)
IS_OPEN: Final = in_list("state", OPEN_STATES)
IS_EXPIRING: Final = in_list("state", (TransferState.AWAITING_APPROVAL, TransferState.CLAIMABLE))
IS_BUNDLED: Final = "bundle IS NOT NULL"
IS_STOOD_STILL: Final = "(frozen IS NOT NULL OR stopped IS NOT NULL)"
IS_CLAIMABLE: Final = "state = 'claimable'"
IS_OPEN_REQUEST: Final = "state = 'open'"
IS_NOT_REMINDED: Final = f"{IS_OPEN_REQUEST} AND reminded IS NULL"
REQUEST_PAID: Final = f"paid >= 0 AND paid <= CASE flexible WHEN 1 THEN {MAX_MINOR} ELSE amount END"
IS_OPEN_LEG: Final = in_list("state", OPEN_LEG_STATES)
IS_SUSPENDED_LEG: Final = "state = 'suspended'"
IS_TO_SETTLE: Final = "kind IN ('receivable', 'suspense')"
IS_DUE_LEG: Final = "due IS NOT NULL"


# ---------------------------------------------------------------- the ledger

account = Table(
    "account",
    metadata,
    row_number("id"),
    text_column("owner"),
    text_column("kind"),
    text_column("currency"),
    number_column("balance"),
    number_column("floor", null=True),
    number_column("version"),
    UniqueConstraint("owner", "kind", "currency"),
    check("account_kind", in_list("kind", AccountKind)),
    check("account_above_floor", "floor IS NULL OR balance >= floor"),
    check(
        "account_floor_of_kind",
        f"(floor IS NULL) = ({in_list('kind', [kind for kind in AccountKind if kind.may_be_negative])})",
    ),
    Index("account_to_settle", "kind", "currency", **where(IS_TO_SETTLE)),
    check("account_bounded", f"balance BETWEEN {-MAX_MINOR} AND {MAX_MINOR}"),
    sqlite_strict=True,
)

seal = Table(
    "seal",
    metadata,
    Column("journal", BIG, ForeignKey("journal.id"), primary_key=True, autoincrement=False),
    sqlite_strict=True,
)

journal = Table(
    "journal",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False),
    text_column("idem"),
    text_column("kind"),
    text_column("transfer"),
    number_column("created"),
    bytes_column("prev_hash"),
    bytes_column("hash"),
    UniqueConstraint("idem"),
    check("journal_hash_length", "length(prev_hash) = 32 AND length(hash) = 32"),
    # COMMIT fails unless the journal was sealed, and the seal's trigger wants a zero sum.
    ForeignKeyConstraint(["id"], ["seal.journal"], deferrable=True, initially="DEFERRED"),
    # Where several can write at once; SQLite lets one write, and its trigger sees all that is there.
    Index("journal_one_follower", "prev_hash", unique=True).ddl_if(dialect="postgresql"),
    sqlite_strict=True,
)

entry = Table(
    "entry",
    metadata,
    Column("journal", BIG, ForeignKey("journal.id"), nullable=False),
    number_column("line"),
    Column("account", BIG, ForeignKey("account.id"), nullable=False),
    text_column("currency"),
    number_column("amount"),
    number_column("balance_after"),
    number_column("version"),
    PrimaryKeyConstraint("journal", "line"),
    check("entry_amount", f"amount <> 0 AND amount BETWEEN {-MAX_MINOR} AND {MAX_MINOR}"),
    # The entries of one account are numbered without a gap: its balance is what the last one says.
    Index("entry_of_account", "account", "version", unique=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# ---------------------------------------------------------------- people

person = Table(
    "person",
    metadata,
    id_column(),
    bytes_column("key"),
    number_column("created"),
    text_column("language", null=True),
    number_column("version"),
    number_column("frozen", null=True),
    number_column("stopped", null=True),
    Index("person_stood_still", "id", **where(IS_STOOD_STILL)),
    sqlite_strict=True,
)

identity = Table(
    "identity",
    metadata,
    Column("mxid", TEXT, primary_key=True),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    number_column("since"),
    number_column("version"),
    Index("identity_of_person", "person"),
    sqlite_strict=True,
)

link = Table(
    "link",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("rail"),
    text_column("token"),
    text_column("masked"),
    bytes_column("number"),
    bytes_column("number_hash"),
    text_column("state"),
    number_column("is_default"),
    number_column("created"),
    number_column("version"),
    text_column("currency", null=True),
    bytes_column("holder", null=True),
    bytes_column("nickname", null=True),
    bytes_column("nickname_hash", null=True),
    Column("takes_direct", BIG, nullable=False, server_default="0"),
    check("link_state", in_list("state", LinkState)),
    check("link_is_default", "is_default IN (0, 1)"),
    check("link_takes_direct", "takes_direct IN (0, 1)"),
    Index("link_of_person", "person"),
    Index("link_one_default", "person", unique=True, **where("is_default = 1 AND state <> 'removed'")),
    sqlite_strict=True,
)

# ---------------------------------------------------------------- payments

request = Table(
    "request",
    metadata,
    id_column(),
    text_column("state"),
    text_column("asker"),
    text_column("asker_mxid"),
    text_column("asked"),
    text_column("asked_mxid"),
    number_column("amount"),
    text_column("currency"),
    text_column("room"),
    number_column("created"),
    number_column("expires"),
    bytes_column("note", null=True),
    text_column("transfer", null=True),
    bytes_column("reason", null=True),
    number_column("version"),
    number_column("reminded", null=True),
    Column("paid", BIG, nullable=False, server_default="0"),
    Column("flexible", BIG, nullable=False, server_default="0"),
    check("request_state", in_list("state", RequestState)),
    check("request_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    check("request_paid", REQUEST_PAID),
    check("request_flexible", "flexible IN (0, 1)"),
    Index("request_open_of", "asker", "created", **where(IS_OPEN_REQUEST)),
    Index("request_open_to", "asked", "created", **where(IS_OPEN_REQUEST)),
    Index("request_not_reminded", "created", **where(IS_NOT_REMINDED)),
    Index("request_expiring", "expires", **where(IS_OPEN_REQUEST)),
    sqlite_strict=True,
)

transfer = Table(
    "transfer",
    metadata,
    id_column(),
    text_column("kind"),
    text_column("state"),
    Column("payer", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("payer_mxid"),
    text_column("payee"),
    text_column("payee_mxid"),
    number_column("amount"),
    number_column("fee"),
    text_column("currency"),
    text_column("room"),
    number_column("created"),
    number_column("expires"),
    text_column("nonce"),
    text_column("source", null=True),
    text_column("destination", null=True),
    bytes_column("note", null=True),
    number_column("times", null=True),
    Column("request", TEXT, ForeignKey("request.id"), nullable=True),
    Column("original", TEXT, ForeignKey("transfer.id"), nullable=True),
    Column("refunded", BIG, nullable=False, server_default="0"),
    text_column("reason", null=True),
    number_column("updated", null=True),
    number_column("approved", null=True),
    Column("house_fee", BIG, nullable=False, server_default="0"),
    number_column("version"),
    text_column("bundle", null=True),
    Column("paid_before", BIG, nullable=False, server_default="0"),
    number_column("reminded", null=True),
    check("transfer_kind", in_list("kind", TransferKind)),
    check("transfer_state", in_list("state", TransferState)),
    check("transfer_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    check("transfer_fee", f"fee BETWEEN 0 AND {MAX_MINOR}"),
    check("transfer_original", "(kind = 'refund') = (original IS NOT NULL)"),
    check("transfer_refunded", "refunded BETWEEN 0 AND amount"),
    check("transfer_house_fee", "house_fee >= 0 AND (house_fee = 0 OR kind = 'pay')"),
    check("transfer_bundle", "bundle IS NULL OR kind = 'pay'"),
    Index("transfer_of_payer", "payer", "created"),
    Index("transfer_of_payee", "payee", "created"),
    Index("transfer_open_of_payer", "payer", "created", **where(IS_OPEN)),
    Index("transfer_claimable_by", "payee", "state", "created", **where(IS_CLAIMABLE)),
    Index("transfer_expiring", "expires", **where(IS_EXPIRING)),
    Index("transfer_of_bundle", "bundle", **where(IS_BUNDLED)),
    Index(
        "transfer_one_per_part_of_request",
        "request",
        "paid_before",
        unique=True,
        **where(f"request IS NOT NULL AND {in_list('state', LIVE_PAYMENTS)}"),
    ),
    sqlite_strict=True,
)

leg = Table(
    "leg",
    metadata,
    id_column(),
    Column("transfer", TEXT, ForeignKey("transfer.id"), nullable=False),
    number_column("number"),
    text_column("kind"),
    text_column("state"),
    text_column("rail"),
    text_column("owner"),
    number_column("amount"),
    number_column("fee"),
    number_column("highest_fee"),
    text_column("currency"),
    text_column("link", null=True),
    text_column("to_person", null=True),
    text_column("to_link", null=True),
    number_column("to_claim"),
    text_column("handle", null=True),
    text_column("remote_id", null=True),
    text_column("code", null=True),
    number_column("attempts"),
    Column("taken_back", BIG, nullable=False, server_default="0"),
    number_column("due", null=True),
    number_column("version"),
    UniqueConstraint("transfer", "number"),
    check("leg_kind", in_list("kind", LegKind)),
    check("leg_state", in_list("state", LegState)),
    check("leg_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    check("leg_fees", f"fee BETWEEN 0 AND {MAX_MINOR} AND highest_fee BETWEEN 0 AND {MAX_MINOR}"),
    check("leg_to_claim", "to_claim IN (0, 1)"),
    check("leg_to_link", "(kind = 'direct') = (to_link IS NOT NULL)"),
    check("leg_taken_back", "taken_back BETWEEN 0 AND amount AND (taken_back > 0) = (state = 'reversed')"),
    Index("leg_suspended", "transfer", **where(IS_SUSPENDED_LEG)),
    Index("leg_due", "due", **where(IS_DUE_LEG)),
    Index("leg_open", "rail", "state", **where(IS_OPEN_LEG)),
    sqlite_strict=True,
)

origin = Table(
    "origin",
    metadata,
    Column("payment", TEXT, primary_key=True),
    text_column("event"),
    number_column("version"),
    Index("origin_of_event", "event"),
    sqlite_strict=True,
)

# ---------------------------------------------------------------- rooms

room_policy = Table(
    "room_policy",
    metadata,
    Column("room", TEXT, primary_key=True),
    text_column("policy"),
    number_column("version"),
    sqlite_strict=True,
)
