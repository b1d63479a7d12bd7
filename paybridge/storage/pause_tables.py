"""The table of rails that operators have paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Table

from paybridge.domain.rail_pause import RailPause
from paybridge.storage.columns import TEXT, number_column, text_column
from paybridge.storage.moments import microseconds_or_none, moment_or_none
from paybridge.storage.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

rail_pause: Final = Table(
    "rail_pause",
    metadata,
    Column("rail", TEXT, primary_key=True),
    number_column("since", null=True),
    text_column("by"),
    number_column("version"),
    sqlite_strict=True,
)


def rail_pause_row(pause: RailPause) -> dict[str, Any]:
    return {
        "rail": pause.rail,
        "since": microseconds_or_none(pause.since),
        "by": pause.by,
        "version": pause.version,
    }


def rail_pause_of(row: Mapping[str, Any]) -> RailPause:
    return RailPause(row["rail"], moment_or_none(row["since"]), row["by"], row["version"])
