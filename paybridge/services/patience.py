"""How often somebody behind a bridge is answered, where nothing changes, before the bot falls silent."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from paybridge.domain.bridges import Bridges

MOST: Final = 6
WITHIN: Final = timedelta(minutes=1)
MOST_GHOSTS: Final = 10_000


class Patience:
    """Counts answers of the last minute, for each ghost apart; it forgets them when the program ends.

    Two programs that answer each other over a bridge end by this, and one person's flood does not keep
    others waiting for what the bridge passes on line by line.
    """

    def __init__(self, bridges: Bridges, now: Callable[[], datetime]) -> None:
        self._bridges = bridges
        self._now = now
        self._answered: dict[str, deque[datetime]] = {}

    def is_over(self, sender: str) -> bool:
        """Whether this sender gets no answer now. Each one given is counted; only ghosts are."""
        if self._bridges.of(sender) is None:
            return False
        now = self._now()
        if len(self._answered) >= MOST_GHOSTS and sender not in self._answered:
            self._answered = {one: at for one, at in self._answered.items() if at[-1] > now - WITHIN}
        answered = self._answered.setdefault(sender, deque(maxlen=MOST))
        if len(answered) == MOST and answered[0] > now - WITHIN:
            return True
        answered.append(now)
        return False
