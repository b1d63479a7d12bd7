"""Rails at the start: what a crash left open waits for them, and for no longer than one question takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from paybridge.app.proving import ProvenRails
from paybridge.app.supervisor import Backoff
from tests.fakes.rail import ScriptedRail


@asynccontextmanager
async def proving(rails: ProvenRails) -> AsyncIterator[None]:
    running = asyncio.create_task(rails.prove_all())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_rail_that_answers_is_there_once_all_have_been_tried() -> None:
    rails = ProvenRails({"scripted": ScriptedRail()}, Backoff(jitter=lambda: 0))
    before = rails.get("scripted")
    async with proving(rails):
        await rails.tried()

    assert before is None
    assert rails.get("scripted") is not None


async def test_a_rail_that_is_away_is_not_waited_for() -> None:
    away = ScriptedRail(reachable=False)
    rails = ProvenRails({"scripted": away}, Backoff(jitter=lambda: 0, first=3600, most=3600))
    async with proving(rails):
        await rails.tried()

    assert rails.get("scripted") is None


async def test_without_rails_there_is_nothing_to_try() -> None:
    await ProvenRails({}, Backoff(jitter=lambda: 0)).tried()
