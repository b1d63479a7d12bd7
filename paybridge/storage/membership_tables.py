"""The tables of what shops offer to members, and of the members."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from paybridge.domain.membership import MOST_NOTICE, ClubState
from paybridge.domain.money import MAX_MINOR
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

IS_OPEN_CLUB: Final = "state = 'open'"

club: Final = Table(
    "club",
    metadata,
    id_column(),
    text_column("state"),
    Column("shop", TEXT, ForeignKey("shop.id"), nullable=False),
    text_column("owner"),
    text_column("owner_mxid"),
    bytes_column("name"),
    number_column("price"),
    text_column("currency"),
    text_column("unit"),
    number_column("every"),
    text_column("start"),
    number_column("day"),
    number_column("floats"),
    number_column("notice"),
    number_column("created"),
    number_column("version"),
    text_column("room", null=True),
    check("club_state", in_list("state", ClubState)),
    check("club_price", f"price BETWEEN 1 AND {MAX_MINOR}"),
    check("club_unit", in_list("unit", Unit)),
    check("club_every", f"every BETWEEN 1 AND {MOST_EVERY}"),
    check("club_day", "day BETWEEN 0 AND 31"),
    check("club_floats", "floats IN (0, 1)"),
    check("club_notice", f"notice BETWEEN 0 AND {MOST_NOTICE}"),
    Index("club_open_of", "shop", "created", **where(IS_OPEN_CLUB)),
    sqlite_strict=True,
)

member: Final = Table(
    "member",
    metadata,
    id_column(),
    Column("club", TEXT, ForeignKey("club.id"), nullable=False),
    text_column("person"),
    text_column("mxid"),
    number_column("joined"),
    text_column("paid_until", null=True),
    text_column("leaves", null=True),
    number_column("version"),
    UniqueConstraint("club", "person"),
    Index("member_of", "person", "joined"),
    sqlite_strict=True,
)
