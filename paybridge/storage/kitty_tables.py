"""The tables of kitties: their treasurers, what these propose, and who approved it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.kitty import KittyState, ProposalKind, ProposalState
from paybridge.domain.money import MAX_MINOR
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

IS_OPEN: Final = "state = 'open'"

kitty: Final = Table(
    "kitty",
    metadata,
    id_column(),
    text_column("state"),
    text_column("opener"),
    text_column("currency"),
    text_column("room"),
    number_column("created"),
    number_column("needs"),
    bytes_column("name"),
    number_column("version"),
    check("kitty_state", in_list("state", KittyState)),
    check("kitty_needs", "needs >= 1"),
    Index("kitty_open_in", "room", unique=True, **where(IS_OPEN)),
    sqlite_strict=True,
)

treasurer: Final = Table(
    "treasurer",
    metadata,
    id_column(),
    Column("kitty", TEXT, ForeignKey("kitty.id"), nullable=False),
    text_column("person"),
    text_column("mxid"),
    number_column("active"),
    number_column("version"),
    UniqueConstraint("kitty", "person"),
    check("treasurer_active", "active IN (0, 1)"),
    Index("treasurer_of", "person"),
    sqlite_strict=True,
)

proposal: Final = Table(
    "proposal",
    metadata,
    id_column(),
    Column("kitty", TEXT, ForeignKey("kitty.id"), nullable=False),
    text_column("kind"),
    text_column("state"),
    text_column("by_person"),
    text_column("by_mxid"),
    number_column("created"),
    number_column("expires"),
    text_column("nonce"),
    text_column("person", null=True),
    text_column("mxid", null=True),
    number_column("amount", null=True),
    text_column("currency", null=True),
    number_column("needs", null=True),
    bytes_column("note", null=True),
    number_column("needed", null=True),
    number_column("version"),
    check("proposal_kind", in_list("kind", ProposalKind)),
    check("proposal_state", in_list("state", ProposalState)),
    check("proposal_amount", f"amount IS NULL OR amount BETWEEN 1 AND {MAX_MINOR}"),
    check("proposal_pays", "(kind = 'pay') = (amount IS NOT NULL) AND (amount IS NULL) = (currency IS NULL)"),
    check(
        "proposal_person", "(kind IN ('add', 'pay', 'remove')) = (person IS NOT NULL AND mxid IS NOT NULL)"
    ),
    check("proposal_needs", "(kind = 'needs') = (needs IS NOT NULL)"),
    check("proposal_done", "(state = 'done') = (needed IS NOT NULL) AND (needed IS NULL OR needed >= 1)"),
    Index("proposal_of", "kitty", "created"),
    Index("proposal_expiring", "expires", **where(IS_OPEN)),
    sqlite_strict=True,
)

assent: Final = Table(
    "assent",
    metadata,
    id_column(),
    Column("proposal", TEXT, ForeignKey("proposal.id"), nullable=False),
    text_column("person"),
    text_column("mxid"),
    text_column("code"),
    number_column("approves"),
    number_column("strong"),
    number_column("at"),
    number_column("version"),
    UniqueConstraint("proposal", "person"),
    check("assent_approves", "approves IN (0, 1)"),
    check("assent_strong", "strong IN (0, 1)"),
    Index("assent_of", "person"),
    sqlite_strict=True,
)
