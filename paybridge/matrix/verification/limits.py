"""How much verifying there may be: nobody keeps the bot busy with it, and nothing is taken in twice."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

PATIENCE = timedelta(minutes=10)
AHEAD = timedelta(minutes=5)
HOUR = timedelta(hours=1)
MOST_PER_HOUR = 10
MOST_REMEMBERED = 2_000


class Attempts:
    """Who began how many verifications in the last hour."""

    def __init__(self) -> None:
        self._begun: deque[tuple[datetime, str]] = deque()
        self._counts: Counter[str] = Counter()

    def one_more(self, mxid: str, now: datetime) -> bool:
        """Count one more, unless there were enough."""
        while self._begun and self._begun[0][0] <= now - HOUR:
            _, who = self._begun.popleft()
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]
        if self._counts[mxid] >= MOST_PER_HOUR:
            return False
        self._begun.append((now, mxid))
        self._counts[mxid] += 1
        return True


class Once:
    """What was taken in already; a sync that could not be written down is told again."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, None] = OrderedDict()

    def is_new(self, thing: Hashable) -> bool:
        if thing in self._known:
            return False
        self._known[thing] = None
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return True


def is_timely(sent: int, now: datetime) -> bool:
    """Whether a request of this time (in milliseconds) may still be answered."""
    moment = now.timestamp() * 1000
    return moment - PATIENCE.total_seconds() * 1000 <= sent <= moment + AHEAD.total_seconds() * 1000
