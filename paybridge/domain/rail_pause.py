"""Rails that operators have paused for new payments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from datetime import datetime


class RailPausedError(UserError):
    """An operator has paused the rail for new payments."""

    key = "error.rail_paused"

    def __init__(self, *, rail: str) -> None:
        super().__init__(rail=rail)


@dataclass(frozen=True, slots=True)
class RailPause:
    """Since when a rail takes no new payments, and by whose order; `since` None: it takes them again."""

    rail: str
    since: datetime | None
    by: str
    version: int = 0
