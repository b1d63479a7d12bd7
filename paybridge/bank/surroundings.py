"""Time and chance as the bank sees them, handed in so that a test can hold either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A clock, a maker of ids (given their prefix) and a maker of four-digit codes."""

    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    new_code: Callable[[], str]


def stamp(moment: datetime) -> str:
    """Write a moment in UTC at a fixed width, so that stamps sort as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(written: str) -> datetime:
    """Read a stamp back."""
    return datetime.fromisoformat(written)
