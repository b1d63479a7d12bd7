"""What one transaction works with: the books, the moment it is at, and the bank's options."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from paybridge.bank.options import BankOptions
from paybridge.bank.surroundings import stamp


@dataclass(frozen=True, slots=True)
class Desk:
    """Lives for one transaction, whose every row carries the same moment."""

    books: sqlite3.Connection
    now: datetime
    new_id: Callable[[str], str]
    new_code: Callable[[], str]
    options: BankOptions

    @property
    def at(self) -> str:
        """The moment as it is written into rows."""
        return stamp(self.now)
