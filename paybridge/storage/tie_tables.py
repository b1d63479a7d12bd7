"""The tables of ghosts that speak for people of Matrix."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Table

from paybridge.domain.tie import TieState
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

HOLDS: Final = in_list("state", (TieState.TIED, TieState.STOPPED))
WAITS: Final = in_list("state", (TieState.OFFERED, TieState.CLAIMED))
WAS_ANOTHER: Final = "former IS NOT NULL"

tie: Final = Table(
    "tie",
    metadata,
    id_column(),
    Column("person", TEXT, ForeignKey("person.id"), nullable=False),
    text_column("mxid"),
    text_column("bridge"),
    text_column("code"),
    text_column("state"),
    number_column("created"),
    number_column("expires"),
    text_column("ghost", null=True),
    text_column("room", null=True),
    bytes_column("seat", null=True),
    text_column("former", null=True),
    number_column("since", null=True),
    number_column("low_until", null=True),
    number_column("heard", null=True),
    text_column("why", null=True),
    number_column("version"),
    check("tie_state", in_list("state", TieState)),
    check("tie_code_length", "length(code) = 64"),
    Index("tie_of_person", "person"),
    Index("tie_of_former", "former", unique=True, **where(WAS_ANOTHER)),
    Index("tie_one_of_a_code", "code", unique=True),
    Index("tie_one_of_a_ghost", "ghost", unique=True, **where(HOLDS)),
    sqlite_strict=True,
)

guesses: Final = Table(
    "guesses",
    metadata,
    Column("ghost", TEXT, primary_key=True),
    number_column("wrong"),
    number_column("since"),
    number_column("version"),
    check("guesses_wrong", "wrong > 0"),
    sqlite_strict=True,
)
