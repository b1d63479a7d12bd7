"""Every table: the writer's statements and the reads are made from these, and the migrations equal them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from paybridge.domain.ledger import AccountKind
from paybridge.domain.leg import OPEN_LEG_STATES, LegKind, LegState
from paybridge.domain.money import MAX_MINOR
from paybridge.domain.people import LinkState
from paybridge.domain.request import RequestState
from paybridge.domain.transfer import TransferKind, TransferState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

# SQLite's strict tables know INTEGER only; it holds 64 bits there.
BIG: Final = BigInteger().with_variant(Integer(), "sqlite")

LIVE_PAYMENTS: Final = (
    TransferState.DRAFTED,
    TransferState.AWAITING_APPROVAL,
    TransferState.APPROVED,
    TransferState.SETTLED,
    TransferState.CLAIMABLE,
    TransferState.CLAIMED,
)
"""States in which a transfer answers its request, so that no second one may."""

metadata: Final = MetaData()


def in_list(column: str, values: Iterable[StrEnum]) -> str:
    """The SQL condition that `column` is one of `values`, in their alphabetical order."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in sorted(values))})"


# SQLite takes a partial index only where a query repeats its condition word for word.
IS_OPEN: Final = in_list(
    "state", (TransferState.AWAITING_APPROVAL, TransferState.APPROVED, TransferState.CLAIMABLE)
)
IS_EXPIRING: Final = in_list("state", (TransferState.AWAITING_APPROVAL, TransferState.CLAIMABLE))
IS_CLAIMABLE: Final = "state = 'claimable'"
IS_OPEN_REQUEST: Final = "state = 'open'"
IS_OPEN_LEG: Final = in_list("state", OPEN_LEG_STATES)


def _check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BIG, nullable=null)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _row_number(name: str) -> Column[int]:
    return Column(name, BIG, primary_key=True, autoincrement=True)


# ---------------------------------------------------------------- the ledger

account = Table(
    "account",
    metadata,
    _row_number("id"),
    _text("owner"),
    _text("kind"),
    _text("currency"),
    _number("balance"),
    _number("floor", null=True),
    _number("version"),
    UniqueConstraint("owner", "kind", "currency"),
    _check("account_kind", in_list("kind", AccountKind)),
    _check("account_above_floor", "floor IS NULL OR balance >= floor"),
    _check(
        "account_floor_of_kind",
        f"(floor IS NULL) = ({in_list('kind', [kind for kind in AccountKind if kind.may_be_negative])})",
    ),
    _check("account_bounded", f"balance BETWEEN {-MAX_MINOR} AND {MAX_MINOR}"),
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
    _text("idem"),
    _text("kind"),
    _text("transfer"),
    _number("created"),
    _bytes("prev_hash"),
    _bytes("hash"),
    UniqueConstraint("idem"),
    _check("journal_hash_length", "length(prev_hash) = 32 AND length(hash) = 32"),
    # COMMIT fails unless the journal was sealed, and the seal's trigger wants a zero sum.
    ForeignKeyConstraint(["id"], ["seal.journal"], deferrable=True, initially="DEFERRED"),
    sqlite_strict=True,
)

entry = Table(
    "entry",
    metadata,
    Column("journal", BIG, ForeignKey("journal.id"), nullable=False),
    _number("line"),
    Column("account", BIG, ForeignKey("account.id"), nullable=False),
    _text("currency"),
    _number("amount"),
    _number("balance_after"),
    _number("version"),
    PrimaryKeyConstraint("journal", "line"),
    _check("entry_amount", f"amount <> 0 AND amount BETWEEN {-MAX_MINOR} AND {MAX_MINOR}"),
    # The entries of one account are numbered without a gap: its balance is what the last one says.
    Index("entry_of_account", "account", "version", unique=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# ---------------------------------------------------------------- people

person = Table(
    "person",
    metadata,
    _id(),
    _bytes("key"),
    _number("created"),
    _text("language", null=True),
    _number("version"),
    sqlite_strict=True,
)

identity = Table(
    "identity",
    metadata,
    Column("mxid", Text, primary_key=True),
    Column("person", Text, ForeignKey("person.id"), nullable=False),
    _number("since"),
    _number("version"),
    Index("identity_of_person", "person"),
    sqlite_strict=True,
)

link = Table(
    "link",
    metadata,
    _id(),
    Column("person", Text, ForeignKey("person.id"), nullable=False),
    _text("rail"),
    _text("token"),
    _text("masked"),
    _bytes("number"),
    _bytes("number_hash"),
    _text("state"),
    _number("is_default"),
    _number("created"),
    _number("version"),
    _check("link_state", in_list("state", LinkState)),
    _check("link_is_default", "is_default IN (0, 1)"),
    Index("link_of_person", "person"),
    Index(
        "link_one_default",
        "person",
        unique=True,
        sqlite_where=text("is_default = 1 AND state <> 'removed'"),
    ),
    sqlite_strict=True,
)

# ---------------------------------------------------------------- payments

request = Table(
    "request",
    metadata,
    _id(),
    _text("state"),
    _text("asker"),
    _text("asker_mxid"),
    _text("asked"),
    _text("asked_mxid"),
    _number("amount"),
    _text("currency"),
    _text("room"),
    _number("created"),
    _number("expires"),
    _bytes("note", null=True),
    _text("transfer", null=True),
    _bytes("reason", null=True),
    _number("version"),
    _check("request_state", in_list("state", RequestState)),
    _check("request_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    Index("request_open_of", "asker", "created", sqlite_where=text(IS_OPEN_REQUEST)),
    Index("request_open_to", "asked", "created", sqlite_where=text(IS_OPEN_REQUEST)),
    Index("request_expiring", "expires", sqlite_where=text(IS_OPEN_REQUEST)),
    sqlite_strict=True,
)

transfer = Table(
    "transfer",
    metadata,
    _id(),
    _text("kind"),
    _text("state"),
    Column("payer", Text, ForeignKey("person.id"), nullable=False),
    _text("payer_mxid"),
    _text("payee"),
    _text("payee_mxid"),
    _number("amount"),
    _number("fee"),
    _text("currency"),
    _text("room"),
    _number("created"),
    _number("expires"),
    _text("nonce"),
    _text("source", null=True),
    _text("destination", null=True),
    _bytes("note", null=True),
    _number("times", null=True),
    Column("request", Text, ForeignKey("request.id"), nullable=True),
    _text("reason", null=True),
    _number("updated", null=True),
    _number("version"),
    _check("transfer_kind", in_list("kind", TransferKind)),
    _check("transfer_state", in_list("state", TransferState)),
    _check("transfer_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    _check("transfer_fee", f"fee BETWEEN 0 AND {MAX_MINOR}"),
    Index("transfer_of_payer", "payer", "created"),
    Index("transfer_of_payee", "payee", "created"),
    Index("transfer_open_of_payer", "payer", "created", sqlite_where=text(IS_OPEN)),
    Index("transfer_claimable_by", "payee", "state", "created", sqlite_where=text(IS_CLAIMABLE)),
    Index("transfer_expiring", "expires", sqlite_where=text(IS_EXPIRING)),
    Index(
        "transfer_one_per_request",
        "request",
        unique=True,
        sqlite_where=text(f"request IS NOT NULL AND {in_list('state', LIVE_PAYMENTS)}"),
    ),
    sqlite_strict=True,
)

leg = Table(
    "leg",
    metadata,
    _id(),
    Column("transfer", Text, ForeignKey("transfer.id"), nullable=False),
    _number("number"),
    _text("kind"),
    _text("state"),
    _text("rail"),
    _text("owner"),
    _number("amount"),
    _number("fee"),
    _number("highest_fee"),
    _text("currency"),
    _text("link", null=True),
    _text("to_person", null=True),
    _number("to_claim"),
    _text("handle", null=True),
    _text("remote_id", null=True),
    _text("code", null=True),
    _number("attempts"),
    _number("due", null=True),
    _number("version"),
    UniqueConstraint("transfer", "number"),
    _check("leg_kind", in_list("kind", LegKind)),
    _check("leg_state", in_list("state", LegState)),
    _check("leg_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    _check("leg_fees", f"fee BETWEEN 0 AND {MAX_MINOR} AND highest_fee BETWEEN 0 AND {MAX_MINOR}"),
    _check("leg_to_claim", "to_claim IN (0, 1)"),
    Index("leg_due", "due", sqlite_where=text(IS_OPEN_LEG)),
    sqlite_strict=True,
)

# ---------------------------------------------------------------- rooms

room_policy = Table(
    "room_policy",
    metadata,
    Column("room", Text, primary_key=True),
    _text("policy"),
    _number("version"),
    sqlite_strict=True,
)

# ---------------------------------------------------------------- the mailbox

letter = Table(
    "letter",
    metadata,
    _row_number("number"),
    _text("event"),
    _text("room"),
    _text("sender"),
    _number("received"),
    _bytes("payload"),
    _number("done"),
    UniqueConstraint("event"),
    _check("letter_blanked_when_done", "done = 0 OR (done = 1 AND length(payload) = 0)"),
    Index("letter_waiting", "number", sqlite_where=text("done = 0")),
    sqlite_strict=True,
)

post = Table(
    "post",
    metadata,
    _row_number("number"),
    _text("id"),
    _text("room", null=True),
    _text("person", null=True),
    _text("slot", null=True),
    _bytes("payload"),
    _number("created"),
    _text("state"),
    _text("event", null=True),
    _text("reason", null=True),
    UniqueConstraint("id"),
    _check("post_one_place", "(room IS NULL) <> (person IS NULL)"),
    _check("post_state", "state IN ('aside', 'sent', 'waiting')"),
    _check("post_blanked_when_sent", "state <> 'sent' OR (length(payload) = 0 AND event IS NOT NULL)"),
    Index("post_waiting", "number", sqlite_where=text("state = 'waiting'")),
    sqlite_strict=True,
)

slot = Table(
    "slot",
    metadata,
    Column("slot", Text, primary_key=True),
    _text("room"),
    _text("event"),
    sqlite_strict=True,
)

memory = Table(
    "memory",
    metadata,
    Column("name", Text, primary_key=True),
    _text("value"),
    sqlite_strict=True,
)

seen = Table(
    "seen",
    metadata,
    Column("what", Text, primary_key=True),
    _text("event"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

vault_check = Table(
    "vault_check",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False),
    _bytes("value"),
    _check("vault_check_one", "id = 1"),
    sqlite_strict=True,
)
