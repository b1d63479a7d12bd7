"""Whether the bot runs and can be reached from outside is found by asking, as strangers would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from paybridge.app.doctor.web import check_web
from paybridge.config import Config
from paybridge.services.finding import Finding, State

WELL = {"matrix": "ok", "database": "ok"}


@asynccontextmanager
async def standing(hooks: int = 405, pages: int = 200, **parts: str) -> AsyncIterator[tuple[str, int]]:
    """Where something stands that answers as a bot and its proxy would."""

    def says(status: int, body: object) -> Callable[[web.Request], Any]:
        async def answer(_: web.Request) -> web.Response:
            return web.json_response(body, status=status)

        return answer

    server = web.Application()
    server.router.add_get("/healthz", says(200, {"status": "ok", "version": version("paybridge")}))
    server.router.add_get("/readyz", says(200, {"ready": True, "parts": WELL | parts}))
    server.router.add_get("/hooks/doctor", says(hooks, {"error": "method not allowed"}))
    server.router.add_get("/static/page.css", says(pages, {}))
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][:2]
    await runner.cleanup()


async def examined(host: str, port: int, public: str | None) -> dict[str, Finding]:
    asked = SimpleNamespace(web=SimpleNamespace(host=host, port=port, public_url=public))
    return {one.part: one for one in await check_web(cast("Config", asked))}


async def test_a_bot_that_is_well_and_reached_is_good() -> None:
    async with standing() as (host, port):
        found = await examined("0.0.0.0", port, f"http://{host}:{port}")  # noqa: S104  it is asked there

    assert {part: one.state for part, one in found.items()} == dict.fromkeys(
        ("bot", "webhooks", "pages"), State.GOOD
    )


@pytest.mark.parametrize(
    ("hooks", "pages", "part", "says"),
    [
        (404, 200, "webhooks", "does not lead to the bot (status 404)"),
        (405, 421, "pages", "by another name"),
        (405, 404, "pages", "shows no pages of the bot (status 404)"),
    ],
)
async def test_a_proxy_that_is_set_up_wrong_is_found(hooks: int, pages: int, part: str, says: str) -> None:
    async with standing(hooks, pages) as (host, port):
        found = await examined(host, port, f"http://{host}:{port}")

    assert [one.part for one in found.values() if one.state is State.BAD] == [part]
    assert says in found[part].says


async def test_a_part_that_is_not_ready_is_named() -> None:
    async with standing(matrix="homeserver unreachable") as (host, port):
        found = await examined(host, port, None)

    assert found["bot"].says == "it runs, but matrix: homeserver unreachable"
    assert (found["bot"].state, found["webhooks"].state) == (State.BAD, State.UNKNOWN)
    assert "pages" not in found


async def test_a_bot_that_does_not_run_is_noted_and_nobody_is_asked_outside() -> None:
    async with standing() as (host, port):
        pass
    found = await examined(host, port, f"http://{host}:{port}")

    assert (found["bot"].state, found["webhooks"].state) == (State.NOTE, State.UNKNOWN)
