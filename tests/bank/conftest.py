"""Fixtures of the bank's tests: a bank on a free port, and somebody to talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from paybridge.bank import BankOptions, running_bank
from tests.bank.bank_client import KEY, BankClient, MovableClock

OpenBank = Callable[..., Awaitable[BankClient]]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


@pytest.fixture
async def open_bank(
    tmp_path: Path, session: aiohttp.ClientSession, clock: MovableClock
) -> AsyncIterator[OpenBank]:
    """Opens a bank with the given options, which runs until the test ends."""
    async with AsyncExitStack() as stack:

        async def open_one(**options: Any) -> BankClient:  # noqa: ANN401  each option has its own type
            ordinary = BankOptions(data=tmp_path / "bank", api_key=KEY, hang_seconds=0.05)
            running = running_bank(replace(ordinary, **options), clock=clock)
            return BankClient(session, await stack.enter_async_context(running))

        yield open_one


@pytest.fixture
async def bank(open_bank: OpenBank) -> BankClient:
    return await open_bank()
