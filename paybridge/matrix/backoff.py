"""How long to wait before trying again: longer each time, never in step with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from paybridge.services.ports import Chance

LEAST_SECONDS = 0.2
MOST_SECONDS = 60.0
WHOLE = 2**64


class Backoff:
    """Pauses that double from `least` to `most` seconds, each cut by up to a half at random."""

    def __init__(self, chance: Chance, least: float = LEAST_SECONDS, most: float = MOST_SECONDS) -> None:
        self._chance = chance
        self._least = least
        self._most = most
        self.failures = 0

    def seconds(self, asked: timedelta | None = None) -> float:
        """The next pause; never shorter than what the other side asked for."""
        longest: float = min(self._most, self._least * 2.0 ** min(self.failures, 32))
        self.failures += 1
        pause = longest * (1 + self._chance.number() / WHOLE) / 2
        return max(pause, asked.total_seconds() if asked is not None else 0.0)

    def reset(self) -> None:
        self.failures = 0
