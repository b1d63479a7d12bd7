"""Where requests reach the books: one transaction per piece of work, and a bell when there is more to do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

from paybridge.bank.desk import Desk
from paybridge.bank.options import BankOptions
from paybridge.bank.store import Store
from paybridge.bank.surroundings import Surroundings

T = TypeVar("T")


class Counter:
    """What the HTTP side of the bank and its background work share."""

    def __init__(self, store: Store, options: BankOptions, around: Surroundings) -> None:
        self.options = options
        self.around = around
        self._store = store
        self._bells: list[asyncio.Event] = []
        self._closing = asyncio.Event()

    async def run(self, work: Callable[[Desk], T]) -> T:
        """What `work` returns, once everything it changed is on disk."""
        around, options = self.around, self.options
        return await self._store.run(
            lambda books: work(Desk(books, around.clock(), around.new_id, around.new_code, options))
        )

    def bell(self) -> asyncio.Event:
        """A bell that `ring` rings from now on; whoever asked for it clears it."""
        bell = asyncio.Event()
        self._bells.append(bell)
        return bell

    def ring(self) -> None:
        """Something was written that background work may want to see at once."""
        for bell in self._bells:
            bell.set()

    async def hold(self) -> None:
        """Keep somebody waiting who will get no answer, but not beyond the bank's own end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.hang_seconds):
                await self._closing.wait()

    def close(self) -> None:
        """Let everybody go who is held."""
        self._closing.set()
