"""What is counted for whoever watches the house: queues, what is overdue, and steps."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from datetime import datetime

SPANS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Seconds up to which durations are counted together."""


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


@dataclass(slots=True)
class Durations:
    """How long something took, in seconds: how many times in each of `SPANS` and beyond, and all together."""

    total: float = 0.0
    counts: list[int] = field(default_factory=lambda: [0] * (len(SPANS) + 1))

    def took(self, seconds: float) -> None:
        """Once more, `seconds` long."""
        self.counts[bisect_left(SPANS, seconds)] += 1
        self.total += seconds

    def up_to(self) -> Sequence[int]:
        """How many took as long as each of `SPANS` at most, and last, how many there are."""
        return list(accumulate(self.counts))


@dataclass(frozen=True, slots=True)
class LedgerStands:
    """When the ledger was last audited, and how many problems that found."""

    audited: datetime
    problems: int


@dataclass(frozen=True, slots=True)
class Live:
    """What has been counted since the process began.

    `refused` are commands that were refused, by the key of what people were told; `calls` how long each
    rail's calls took, by rail and call; `stages` how long people waited, by stage; `unread` says how many
    messages waited for a room key in vain. `silence` are the seconds since the homeserver last answered a
    sync, None before the bot asks it; `audited` is what the last audit of this process found.
    """

    refused: Mapping[str, int] = field(default_factory=Counter)
    calls: Mapping[str, Mapping[str, Durations]] = field(default_factory=dict)
    stages: Mapping[str, Durations] = field(default_factory=dict)
    unread: Callable[[], int] = int
    silence: Callable[[], float | None] = lambda: None
    audited: Callable[[], LedgerStands | None] = lambda: None


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
    """The queues at one moment. `expiring` counts open cards and unclaimed money, by state.

    `oldest_letter` came, and `oldest_post` was written, before all others that wait; None if none does.
    """

    at: datetime
    legs: Sequence[OpenLegs]
    expiring: Mapping[str, int]
    open_requests: int
    letters_waiting: int
    posts_waiting: int
    oldest_letter: datetime | None = None
    oldest_post: datetime | None = None


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
