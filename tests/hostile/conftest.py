"""Fixtures of the hostile tests: one homeserver and its double for the run, a bot and rooms for each test."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from paybridge.demo.homeserver import Homeserver
from tests.harness import People
from tests.harness.bridge import registered
from tests.hostile import unsafe
from tests.hostile.borrowed import BORROWED, Borrowed
from tests.hostile.house import House, MovableClock, open_house
from tests.hostile.proxy import HostileHomeserver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SERVER_NAME = "demo.local"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def homeserver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Homeserver]:
    lent = os.environ.get(BORROWED)
    folder = tmp_path_factory.mktemp("homeserver")
    bridges = registered(folder / "bridges", SERVER_NAME)
    async with (
        Borrowed(folder, **json.loads(lent)) if lent else Homeserver(folder, settings=bridges) as running
    ):
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _double(homeserver: Homeserver) -> AsyncIterator[HostileHomeserver]:
    async with HostileHomeserver(homeserver.url) as double:
        yield double


@pytest.fixture
def hostile(_double: HostileHomeserver) -> HostileHomeserver:
    """The homeserver as the bot knows it."""
    _double.behave()
    return _double


@pytest.fixture(autouse=True)
def _without_protection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the protections that the environment names; only here is it looked at."""
    for name, take_away in unsafe.SWITCHES.items():
        if os.environ.get(f"{unsafe.PREFIX}{name}") == "1":
            take_away.apply(monkeypatch)


@pytest_asyncio.fixture(loop_scope="session")
async def people(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[People]:
    here = People(homeserver, tmp_path)
    yield here
    await here.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def me(people: People) -> str:
    return await people.account("PayBridge")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest_asyncio.fixture(loop_scope="session")
async def house(
    hostile: HostileHomeserver, me: str, tmp_path: Path, clock: MovableClock
) -> AsyncIterator[House]:
    async with open_house(hostile.url, me, tmp_path / "bot", clock=clock) as house:
        yield house
        # The bot ends on good terms with its homeserver.
        hostile.behave()
