"""How quickly the bot may speak where a bridge passes it on: bridges drop or queue what comes faster."""

from __future__ import annotations

from collections.abc import Callable

BURST = 4
SECONDS_EACH = 1.5
"""What IRC servers let one client say for long; heisenbridge holds back what is more."""


class Pace:
    """A few messages at once in each room, and then one after the other."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._free_at: dict[str, float] = {}

    def seconds(self, room: str) -> float:
        """How long to wait before the next message; 0 if it may be said at once."""
        ahead = self._free_at.get(room, 0.0) - self._now()
        return max(0.0, ahead - (BURST - 1) * SECONDS_EACH)

    def said(self, room: str) -> None:
        """A message has been sent."""
        now = self._now()
        self._free_at = {other: at for other, at in self._free_at.items() if at > now}
        self._free_at[room] = max(self._free_at.get(room, now), now) + SECONDS_EACH
