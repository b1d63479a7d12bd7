"""Rails are used once they have proven that they are sandboxes; a lost one is watched until it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from paybridge.app.guarding import GuardedRail
from paybridge.services.ports import NotASandboxError, Rail, RailError

if TYPE_CHECKING:
    from paybridge.app.supervisor import Backoff
    from paybridge.web import Check

log = structlog.stdlib.get_logger(__name__)


class ProvenRails(Mapping[str, Rail]):
    """The rails that have proven themselves, by name; it grows while `prove_all` runs.

    `there` is told the name of each that has proven itself, and of each that answers again after it was lost.
    `clear` is what must be done with a rail before anybody uses it; what it raises puts the rail off.
    """

    def __init__(
        self,
        made: Mapping[str, Rail],
        backoff: Backoff,
        there: Callable[[str], None],
        clear: Callable[[str, Rail], Awaitable[None]] | None = None,
    ) -> None:
        self._made = made
        self._backoff = backoff
        self._there = there
        self._clear = clear
        self._being_cleared: set[str] = set()
        self._lost = {name: asyncio.Event() for name in made}
        self._proven: dict[str, Rail] = {}
        self._untried = set(made)
        self._all_tried = asyncio.Event()

    def __getitem__(self, name: str) -> Rail:
        return self._proven[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._proven)

    def __len__(self) -> int:
        return len(self._proven)

    async def prove_all(self) -> None:
        """Prove each rail, one that cannot be reached again and again; `NotASandboxError` ends everything."""
        waiting = (item for item in self._made.items() if item[0] not in self._proven)
        await asyncio.gather(*(self._prove(name, rail) for name, rail in waiting))
        await asyncio.Event().wait()

    async def tried(self) -> None:
        """Return when each rail has been asked at least once: one that answers is there by then."""
        if self._untried:
            await self._all_tried.wait()

    def lost(self, name: str) -> None:
        """The rail could not be reached: it is asked how it is until it answers."""
        if name in self._proven:
            self._lost[name].set()

    async def watch(self) -> None:
        """Ask the rails that were lost, each after waits of its own, until they are back."""
        async with asyncio.TaskGroup() as group:
            for name in self._made:
                group.create_task(self._watch(name), name=f"watch {name}")
            await asyncio.Event().wait()

    def check(self, name: str) -> Check:
        """How a rail is, for readiness."""

        async def ask() -> str | None:
            rail = self._made[name]
            if isinstance(rail, GuardedRail) and (trouble := rail.trouble()):
                return f"{name} is {trouble}"
            if name in self._being_cleared:
                return f"{name} is compared with its statement since the books were restored"
            if name not in self._proven:
                return f"{name} has not answered yet"
            try:
                await self._proven[name].alive()
            except RailError as error:
                self.lost(name)
                return f"{name} does not answer: {type(error).__name__}"
            return None

        return ask

    async def close(self) -> None:
        """Let every rail go."""
        for rail in self._made.values():
            await rail.close()

    async def _watch(self, name: str) -> None:
        failures = 0
        while True:
            await self._lost[name].wait()
            failures += 1
            await asyncio.sleep(self._backoff.wait(failures))
            if not await self._answers(name):
                continue
            self._lost[name].clear()
            self._there(name)
            # One that answers and is lost again at once has not come back.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.steady):
                    await self._lost[name].wait()
                continue
            failures = 0

    async def _answers(self, name: str) -> bool:
        try:
            await self._proven[name].alive()
        except NotASandboxError:
            raise
        except RailError:
            return False
        log.info("rail is back", rail=name)
        return True

    async def _prove(self, name: str, rail: Rail) -> None:
        failures = 0
        while not await self._has_proven(name, rail):
            failures += 1
            await asyncio.sleep(self._backoff.wait(failures))

    async def _has_proven(self, name: str, rail: Rail) -> bool:
        try:
            await rail.prove_sandbox()
            # Whoever is heard from now on need not wait for more: the rail is simply not there yet.
            self._was_tried(name)
            if self._clear is not None:
                self._being_cleared.add(name)
                await self._clear(name, rail)
                self._being_cleared.discard(name)
        except NotASandboxError:
            raise
        except RailError as error:
            log.warning("rail not reached yet", rail=name, why=type(error).__name__)
            return False
        else:
            self._proven[name] = rail
            self._there(name)
            return True
        finally:
            self._was_tried(name)

    def _was_tried(self, name: str) -> None:
        self._untried.discard(name)
        if not self._untried:
            self._all_tried.set()
