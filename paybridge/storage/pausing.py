"""Rails paused and resumed beside a bot that may be running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.acts import ActKind, Deal
from paybridge.storage.acting import write_act
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.outside import opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_PAUSED: Final = 'SELECT rail, since, "by" FROM rail_pause WHERE since IS NOT NULL ORDER BY rail'
_PAUSE: Final = """
    INSERT INTO rail_pause (rail, since, "by", version) VALUES (?, ?, ?, 1)
    ON CONFLICT (rail) DO UPDATE SET since = excluded.since, "by" = excluded."by",
        version = rail_pause.version + 1
    WHERE rail_pause.since IS NULL
    """
_RESUME: Final = """
    UPDATE rail_pause SET since = NULL, "by" = ?, version = version + 1 WHERE rail = ? AND since IS NOT NULL
    """


def paused_rails(url: str) -> Sequence[tuple[str, datetime, str]]:
    """The rails that take no new payments, since when and by whom; or `DatabaseError`."""
    with opened(url, "read") as outside:
        return [(rail, moment(since), by) for rail, since, by in outside.rows(_PAUSED)]


def pause_rail(url: str, rail: str, by: str, at: datetime) -> None:
    """Let the rail take no new payments from now on; or `DatabaseError`, also if it takes none already."""
    write_act(url, at, by, ActKind.PAUSE, Deal(told=rail), (_PAUSE, (rail, microseconds(at), by)))


def resume_rail(url: str, rail: str, by: str, at: datetime) -> None:
    """Let it take them again; or `DatabaseError`, also if it does already."""
    write_act(url, at, by, ActKind.RESUME, Deal(told=rail), (_RESUME, (by, rail)))
