"""A running bank for the tests of its rail, and the rail that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from paybridge.conformance.inbox import Inbox
from tests.rails.bank_trial import RunningBank, running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    async with Inbox() as inbox:
        yield inbox


@pytest.fixture
async def bank(tmp_path: Path, inbox: Inbox, http: aiohttp.ClientSession) -> AsyncIterator[RunningBank]:
    """A bank whose webhooks go to `inbox`, and a rail straight to it."""
    async with running(tmp_path, inbox, http) as trial:
        yield trial
