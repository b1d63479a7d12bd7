"""What operators want to know of the running program around the books, as the program itself tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.month import Month
    from paybridge.services.figures import Figures, StatementStands


@dataclass(frozen=True, slots=True)
class Sight:
    """How the program stands: its version, which process acts, its queues, rails and comparisons.

    `rails` says of each rail what is wrong with it, None where nothing is.
    """

    version: str
    acting: str
    figures: Figures
    rails: Mapping[str, str | None]
    compared: Sequence[StatementStands]


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit of the ledger found: how many journals there are, what is wrong, and the last hash."""

    journals: int
    problems: Sequence[str]
    head: str


@dataclass(frozen=True, slots=True)
class RailCompared:
    """How many orders agreed, were under way and differed; `silent` says why it could not be compared."""

    rail: str
    matched: int
    under_way: int
    differ: int
    silent: str | None


class Premises(Protocol):
    """The running program."""

    async def audit(self) -> Audited:
        """Walk the whole ledger; takes as long as that takes."""

    async def export(self, month: Month, most: int) -> str | None:
        """The books of a month (in UTC) as beancount takes them; None if that is longer than `most`."""

    async def compare(self, rail: str) -> RailCompared:
        """Compare the books with the rail's statement now, as is done each day."""

    async def look(self) -> Sight:
        """How it stands now."""


class NoPremisesError(Exception):
    """Nobody told the use cases in what program they run."""
