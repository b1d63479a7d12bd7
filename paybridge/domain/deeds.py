"""What an operator decides about a person at the command line, for the bot to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class DeedKind(StrEnum):
    """What is to be done."""

    RESET_FACTOR = "reset_factor"
    KEEP_FACTOR = "keep_factor"
    UNFREEZE = "unfreeze"
    """End a freeze that the person began themselves."""
    FREEZE = "freeze"
    """An operator's own freeze, which the person cannot end."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One decision about `person`, ordered at `at`. `done` is when the bot did it; it is kept for ever."""

    id: str
    kind: DeedKind
    person: str
    at: datetime
    done: datetime | None = None
    version: int = 0
