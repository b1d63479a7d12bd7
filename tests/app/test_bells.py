"""A ring wakes whoever waits, and is not lost if nobody does."""

from __future__ import annotations

import asyncio

from paybridge.app import Bells


async def test_a_ring_wakes_every_bell() -> None:
    bells = Bells()
    waits = [asyncio.create_task(bells.bell(name).wait(None)) for name in ("courier", "outbox")]
    await asyncio.sleep(0)

    bells.ring()

    assert await asyncio.gather(*waits) == [True, True]


async def test_a_ring_between_two_waits_is_kept_once() -> None:
    bells = Bells()
    bell = bells.bell("courier")
    bells.ring()
    bells.ring()

    assert await bell.wait(None) is True
    assert await bell.wait(0) is False


async def test_a_wait_ends_without_a_ring_when_its_time_is_over() -> None:
    assert await Bells().bell("courier").wait(0.001) is False


async def test_a_name_is_one_bell() -> None:
    bells = Bells()

    assert bells.bell("courier") is bells.bell("courier")
    assert bells.bell("courier") is not bells.bell("outbox")


async def test_a_wait_that_is_cancelled_keeps_the_ring() -> None:
    bells = Bells()
    bell = bells.bell("courier")
    waiting = asyncio.create_task(bell.wait(None))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    bells.ring()

    assert await bell.wait(0.001) is True
