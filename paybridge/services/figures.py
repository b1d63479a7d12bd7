"""What is counted for whoever watches the house: queues, what is overdue, and steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(slots=True)
class StepTally:
    """How many steps this process has committed, and how many the database refused, since it began."""

    committed: int = 0
    refused: int = 0


@dataclass(slots=True)
class LateTally:
    """What rails have said, since the process began, of orders that were over.

    `contradictions` is what cannot follow from how the order ended: nothing is booked for it. `reversals`
    were taken back, `suspensions` succeeded after they were given up.
    """

    contradictions: int = 0
    reversals: int = 0
    suspensions: int = 0


@dataclass(frozen=True, slots=True)
class OpenLegs:
    """The open legs of one rail in one state: all, those due, and when the oldest of these became due."""

    rail: str
    state: str
    count: int
    due: int
    oldest_due: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The queues at one moment. `expiring` counts open cards and unclaimed money, by state."""

    at: datetime
    legs: Sequence[OpenLegs]
    expiring: Mapping[str, int]
    open_requests: int
    letters_waiting: int
    posts_waiting: int


@dataclass(frozen=True, slots=True)
class StatementStands:
    """When a rail's statement was last compared with the books, and what differed then, by class."""

    rail: str
    compared: datetime
    differences: Mapping[str, int]


class Counting(Protocol):
    """Counts what lies in the database."""

    async def figures(self, at: datetime) -> Figures:
        """Every queue as it is; `at` decides what is due."""
