"""A house of its own for each test."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import pytest
from pydantic import SecretStr

from paybridge.bank import BankOptions as SimulatorOptions
from paybridge.bank import running_bank
from paybridge.rails.bank import BankRail
from paybridge.rails.bank.options import BankOptions
from paybridge.storage.audit import audit
from tests.bank.bank_client import MovableClock
from tests.fakes.house import House, open_house
from tests.services.town import Town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.services.town import OpenTown


KEY = "bank_test_accounts"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Whatever a test does, the books must pass the audit at its end."""
    opened = await open_house(tmp_path)
    yield opened
    await opened.database.close()

    assert audit(f"sqlite+aiosqlite:///{tmp_path / 'paybridge.db'}").problems == ()


@pytest.fixture
async def open_town(tmp_path: Path) -> AsyncIterator[OpenTown]:
    async with AsyncExitStack() as stack:

        async def open_one(currency: str = "EUR") -> Town:
            options = SimulatorOptions(data=tmp_path / "bank", api_key=KEY)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            clock = MovableClock()
            address = await stack.enter_async_context(running_bank(options, clock=clock))
            rail = BankRail(BankOptions(url=address, api_key=SecretStr(KEY)), http)
            await rail.prove_sandbox()
            house = await open_house(tmp_path / "house", {"bank": rail}, currency)
            stack.push_async_callback(house.database.close)
            return Town(house, address, http, clock)

        (tmp_path / "house").mkdir()
        yield open_one
