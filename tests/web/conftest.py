"""A real web server on a free port, and a client to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from paybridge.app.pages import visiting
from paybridge.storage.audit import audit
from paybridge.web import Check, WebServer, serve_web
from tests.fakes.house import TEXTS, House, QuietBell, open_house
from tests.web.desk import Desk, no_metrics
from tests.web.visitors import PUBLIC, Browser


@pytest.fixture
def parts() -> dict[str, Check]:
    return {}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def server(parts: dict[str, Check], desk: Desk) -> AsyncIterator[WebServer]:
    server = await serve_web(
        "127.0.0.1", 0, version="1.2.3", parts=parts, take_webhook=desk.take, metrics=no_metrics()
    )
    yield server
    await server.close()


@pytest.fixture
async def client(server: WebServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house with pages; whatever a test does, the books must pass the audit at its end."""
    opened = await open_house(tmp_path, public_url=PUBLIC)
    yield opened
    await opened.database.close()

    assert audit(f"sqlite+aiosqlite:///{tmp_path / 'paybridge.db'}").problems == ()


@pytest.fixture
async def browser(house: House, desk: Desk) -> AsyncIterator[Browser]:
    """A browser before the house's pages; the seconds of its server are those of the house's clock."""
    server = await serve_web(
        "127.0.0.1",
        0,
        version="1.2.3",
        parts={},
        take_webhook=desk.take,
        metrics=no_metrics(),
        visiting=visiting(house.desk, QuietBell(), TEXTS, lambda: house.clock.now().timestamp()),
    )
    async with aiohttp.ClientSession(server.url) as session:
        yield Browser(session)
    await server.close()
