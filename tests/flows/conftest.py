"""Fixtures of the flow tests: real people on a real homeserver, each test in rooms of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from paybridge.demo.homeserver import Homeserver
from paybridge.demo.stage import Stage
from tests.flows.element import Element, ElementPeople
from tests.harness import People

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def homeserver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Homeserver]:
    async with Homeserver(tmp_path_factory.mktemp("homeserver")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The bot and the bank, shared by all tests that leave them running."""
    async with Stage(tmp_path_factory.mktemp("stage"), homeserver) as standing:
        yield standing


@pytest_asyncio.fixture(loop_scope="session")
async def people(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[People]:
    here = People(homeserver, tmp_path)
    yield here
    await here.leave()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def element(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Element]:
    async with Element(tmp_path_factory.mktemp("element") / "element.log") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def element_people(element: Element, people: People) -> AsyncIterator[ElementPeople]:
    here = ElementPeople(element, people)
    yield here
    await here.leave()
