"""A real web server on a free port, and a client to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from paybridge.web import Check, WebServer, serve_web
from tests.web.desk import Desk, no_metrics


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
