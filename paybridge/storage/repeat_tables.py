"""The tables of repeats and of the payment that was made for each period of one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.money import MAX_MINOR
from paybridge.domain.repeat import Ending, RepeatState
from paybridge.domain.rhythm import MOST_EVERY, Unit
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

IS_LIVE: Final = "state <> 'ended'"
IS_TO_DO: Final = "act IS NOT NULL"
IS_UNDER_WAY: Final = "transfer IS NOT NULL"
IS_FOR_CLUB: Final = "club IS NOT NULL"

repeat: Final = Table(
    "repeat",
    metadata,
    id_column(),
    text_column("state"),
    text_column("payer"),
    text_column("payer_mxid"),
    text_column("payee"),
    text_column("payee_mxid"),
    number_column("amount"),
    number_column("cap"),
    text_column("currency"),
    text_column("unit"),
    number_column("every"),
    text_column("start"),
    number_column("day"),
    text_column("until", null=True),
    text_column("room"),
    number_column("created"),
    text_column("nonce"),
    number_column("number"),
    number_column("act", null=True),
    number_column("told", null=True),
    number_column("tries"),
    Column("transfer", TEXT, ForeignKey("transfer.id"), nullable=True),
    text_column("ending", null=True),
    bytes_column("note", null=True),
    text_column("replaces", null=True),
    number_column("version"),
    Column("club", TEXT, ForeignKey("club.id"), nullable=True),
    check("repeat_state", in_list("state", RepeatState)),
    check("repeat_amount", f"amount BETWEEN 1 AND {MAX_MINOR}"),
    check("repeat_cap", f"cap BETWEEN amount AND {MAX_MINOR}"),
    check("repeat_unit", in_list("unit", Unit)),
    check("repeat_every", f"every BETWEEN 1 AND {MOST_EVERY}"),
    check("repeat_day", "day BETWEEN 0 AND 31"),
    check("repeat_number", "number >= 0"),
    check("repeat_ending", in_list("ending", Ending)),
    check("repeat_ended", "(state = 'ended') <= (act IS NULL AND ending IS NOT NULL)"),
    Index("repeat_live_of", "payer", "created", **where(IS_LIVE)),
    Index("repeat_to_do", "act", **where(IS_TO_DO)),
    Index("repeat_under_way", "transfer", unique=True, **where(IS_UNDER_WAY)),
    Index("repeat_for_club", "club", "payer", "created", **where(IS_FOR_CLUB)),
    Index(
        "repeat_of_member",
        "club",
        "payer",
        unique=True,
        **where("club IS NOT NULL AND state IN ('active', 'paused')"),
    ),
    sqlite_strict=True,
)

instalment: Final = Table(
    "instalment",
    metadata,
    id_column(),
    Column("repeat", TEXT, ForeignKey("repeat.id"), nullable=False),
    number_column("number"),
    text_column("day"),
    Column("transfer", TEXT, ForeignKey("transfer.id"), nullable=False),
    number_column("version"),
    UniqueConstraint("repeat", "number"),
    UniqueConstraint("repeat", "day"),
    UniqueConstraint("transfer"),
    sqlite_strict=True,
)
