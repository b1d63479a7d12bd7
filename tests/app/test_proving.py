"""Rails come when they have proven themselves; whoever waits for one hears of it, each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from paybridge.app.proving import ProvenRails
from paybridge.app.supervisor import Backoff
from paybridge.services.ports import NotSentError, Rail
from tests.fakes.rail import ScriptedRail

SOON = Backoff(jitter=lambda: 0, first=0, most=0)


class Heard:
    """Who was said to be there, and a way to wait for the next."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._next = asyncio.Event()

    def __call__(self, name: str) -> None:
        self.names.append(name)
        self._next.set()

    async def next(self) -> None:
        async with asyncio.timeout(5):
            await self._next.wait()
        self._next.clear()


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work()) for work in works]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_rail_that_answers_is_there_and_said_to_be() -> None:
    heard = Heard()
    rails = ProvenRails({"scripted": ScriptedRail()}, SOON, heard)
    before = rails.get("scripted")
    async with running(rails.prove_all):
        await heard.next()

    assert before is None
    assert rails.get("scripted") is not None
    assert heard.names == ["scripted"]


async def test_a_rail_that_is_away_is_there_as_soon_as_it_answers() -> None:
    heard, away = Heard(), ScriptedRail(reachable=False)
    rails = ProvenRails({"scripted": away}, SOON, heard)
    async with running(rails.prove_all):
        await asyncio.sleep(0)
        assert rails.get("scripted") is None
        away.reachable = True
        await heard.next()

    assert rails.get("scripted") is away


async def test_a_rail_that_was_lost_is_asked_until_it_is_back() -> None:
    heard, rail = Heard(), ScriptedRail()
    rails = ProvenRails({"scripted": rail}, SOON, heard)
    async with running(rails.prove_all, rails.watch):
        await heard.next()
        rail.reachable = False
        reason = await rails.check("scripted")()
        await asyncio.sleep(0)
        assert heard.names == ["scripted"]
        rail.reachable = True
        await heard.next()

    assert reason is not None
    assert heard.names == ["scripted", "scripted"]


async def test_a_rail_that_was_never_lost_is_left_alone() -> None:
    heard, rail = Heard(), ScriptedRail()
    rails = ProvenRails({"scripted": rail}, SOON, heard)
    async with running(rails.prove_all, rails.watch):
        await heard.next()
        for _ in range(10):
            await asyncio.sleep(0)

    assert [call for call in rail.calls if call[0] == "alive"] == []


async def test_whoever_waits_until_all_were_asked_finds_one_that_answers() -> None:
    rails = ProvenRails({"scripted": ScriptedRail()}, SOON, Heard())
    async with running(rails.prove_all):
        await rails.tried()

    assert rails.get("scripted") is not None


async def test_whoever_waits_until_all_were_asked_does_not_wait_for_one_that_is_away() -> None:
    away = ScriptedRail(reachable=False)
    rails = ProvenRails({"scripted": away}, Backoff(jitter=lambda: 0, first=3600, most=3600), Heard())
    async with running(rails.prove_all):
        await rails.tried()

    assert rails.get("scripted") is None


async def test_without_rails_nobody_waits_until_all_were_asked() -> None:
    rails = ProvenRails({}, SOON, Heard())
    await rails.tried()

    assert list(rails) == []


async def test_a_rail_is_there_only_when_it_was_cleared_and_nobody_waits_for_that() -> None:
    heard, rail, may_clear = Heard(), ScriptedRail(), asyncio.Event()
    cleared: list[str] = []

    async def clear(name: str, _rail: Rail) -> None:
        cleared.append(name)
        if len(cleared) == 1:
            raise NotSentError("its statement cannot be read")
        await may_clear.wait()

    rails = ProvenRails({"scripted": rail}, SOON, heard, clear)
    async with running(rails.prove_all):
        await rails.tried()
        before, trouble = rails.get("scripted"), await rails.check("scripted")()
        may_clear.set()
        await heard.next()

    assert before is None
    assert trouble == "scripted is compared with its statement since the books were restored"
    assert rails.get("scripted") is rail
    assert cleared == ["scripted", "scripted"]
    assert await rails.check("scripted")() is None
