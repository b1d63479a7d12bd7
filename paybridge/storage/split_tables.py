"""The tables of splits and of the shares that people carry of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.money import MAX_MINOR
from paybridge.domain.split import How, ShareState, SplitState
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

IS_OPEN_SPLIT: Final = "state = 'open'"

split: Final = Table(
    "split",
    metadata,
    id_column(),
    text_column("state"),
    text_column("payer"),
    text_column("payer_mxid"),
    number_column("amount"),
    text_column("currency"),
    text_column("room"),
    number_column("created"),
    bytes_column("note", null=True),
    number_column("reminded", null=True),
    number_column("version"),
    Column("trip", TEXT, ForeignKey("trip.id"), nullable=True),
    check("split_state", in_list("state", SplitState)),
    check("split_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    Index("split_open_of", "payer", "created", **where(IS_OPEN_SPLIT)),
    sqlite_strict=True,
)

share: Final = Table(
    "share",
    metadata,
    id_column(),
    Column("split", TEXT, ForeignKey("split.id"), nullable=False),
    text_column("person"),
    text_column("mxid"),
    text_column("how"),
    number_column("weight"),
    number_column("amount"),
    text_column("currency"),
    text_column("state"),
    number_column("odd"),
    Column("request", TEXT, ForeignKey("request.id"), nullable=True),
    number_column("version"),
    UniqueConstraint("split", "person"),
    UniqueConstraint("request"),
    check("share_how", in_list("how", How)),
    check("share_weight", f"weight BETWEEN 1 AND {MAX_MINOR}"),
    check("share_state", in_list("state", ShareState)),
    check(
        "share_amount", f"amount BETWEEN 0 AND {MAX_MINOR} AND (amount > 0 OR state IN ('left_out', 'own'))"
    ),
    check("share_odd", "odd IN (0, 1)"),
    check("share_asked", "(state = 'asked') <= (request IS NOT NULL)"),
    Index("share_own", "split", unique=True, **where("state = 'own'")),
    sqlite_strict=True,
)
