"""Chores that fall due: waits for the next one, and sets aside what could not be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from paybridge.services.lanes import SHORTEST_WAIT
from paybridge.services.ports import BookUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from paybridge.services.lanes import Bell
    from paybridge.services.ports import Clock

log: Any = structlog.get_logger(__name__)

AT_ONCE: Final = 100
WAIT_FOR_OTHERS: Final = 1.0
"""Seconds until the next look while something is set aside, behind which nothing else can be seen."""


class Chores:
    """Does what is due, each by its name; what failed is set aside for a while and holds up nothing else.

    `delay` says for how long after so many tries. `beaten` are the errors by which somebody else was first:
    then the next look decides. `done` and `what` are the words of the log: what happens to what.
    """

    def __init__(
        self,
        clock: Clock,
        delay: Callable[[int], timedelta],
        beaten: tuple[type[Exception], ...],
        *,
        done: str,
        what: str,
    ) -> None:
        self._clock = clock
        self._delay = delay
        self._beaten = beaten
        self._not_done = f"not {done}"
        self._after_all = f"not {done} after all"
        self._what = what
        self._tries: dict[str, int] = {}
        self._aside: dict[str, datetime] = {}

    async def run(
        self,
        next_due: Callable[[], Awaitable[datetime | None]],
        look: Callable[[], Awaitable[None]],
        bell: Bell,
    ) -> None:
        """Look for ever when the next is due. A bell costs one question while nothing is."""
        while True:
            at = await next_due()
            patience = None if at is None else max((at - self._clock.now()).total_seconds(), SHORTEST_WAIT)
            if patience == SHORTEST_WAIT:
                await look()
                patience = WAIT_FOR_OTHERS if self._aside else SHORTEST_WAIT
            await bell.wait(patience)

    def limit(self) -> int:
        """Of how many due ones to ask for now, so that those set aside leave room for others."""
        now = self._clock.now()
        self._aside = {name: until for name, until in self._aside.items() if until > now}
        return AT_ONCE + len(self._aside)

    async def do(self, name: str, chore: Callable[[], Awaitable[None]]) -> None:
        """Do one unless it is set aside. Raises BookUnavailableError: then no other can be done either."""
        if name in self._aside:
            return
        try:
            await chore()
        except self._beaten:
            log.info(self._after_all, **{self._what: name})
        except BookUnavailableError:
            raise
        except Exception:
            log.exception(self._not_done, **{self._what: name})
            self._tries[name] = tries = self._tries.get(name, 0) + 1
            self._aside[name] = self._clock.now() + self._delay(tries)
        else:
            self._tries.pop(name, None)
