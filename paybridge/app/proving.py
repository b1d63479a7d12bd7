"""Rails are used only once they have proven that they are sandboxes; until then they are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import structlog

from paybridge.app.guarding import GuardedRail
from paybridge.services.ports import NotASandboxError, Rail, RailError

if TYPE_CHECKING:
    from paybridge.app.supervisor import Backoff
    from paybridge.web import Check

log = structlog.stdlib.get_logger(__name__)


class ProvenRails(Mapping[str, Rail]):
    """The rails that have proven themselves, by name; it grows while `prove_all` runs."""

    def __init__(self, made: Mapping[str, Rail], backoff: Backoff) -> None:
        self._made = made
        self._backoff = backoff
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

    def check(self, name: str) -> Check:
        """How a rail is, for readiness."""

        async def ask() -> str | None:
            rail = self._made[name]
            if isinstance(rail, GuardedRail) and (trouble := rail.trouble()):
                return f"{name} is {trouble}"
            if name not in self._proven:
                return f"{name} has not answered yet"
            try:
                await self._proven[name].alive()
            except RailError as error:
                return f"{name} does not answer: {type(error).__name__}"
            return None

        return ask

    async def close(self) -> None:
        """Let every rail go."""
        for rail in self._made.values():
            await rail.close()

    async def _prove(self, name: str, rail: Rail) -> None:
        failures = 0
        while not await self._has_proven(name, rail):
            failures += 1
            await asyncio.sleep(self._backoff.wait(failures))

    async def _has_proven(self, name: str, rail: Rail) -> bool:
        try:
            await rail.prove_sandbox()
        except NotASandboxError:
            raise
        except RailError as error:
            log.warning("rail not reached yet", rail=name, why=type(error).__name__)
            return False
        else:
            self._proven[name] = rail
            return True
        finally:
            self._untried.discard(name)
            if not self._untried:
                self._all_tried.set()
