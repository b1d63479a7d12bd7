"""Health says whether the process lives; readiness asks every part and names the one that is not well."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from paybridge.web import Check
from paybridge.web.health import Health


async def well() -> None:
    return None


async def test_a_living_process_says_its_version(client: aiohttp.ClientSession) -> None:
    async with client.get("/healthz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "ok", "version": "1.2.3"}


async def test_all_well_is_ready(client: aiohttp.ClientSession, parts: dict[str, Check]) -> None:
    parts |= {"database": well, "sync": well}

    async with client.get("/readyz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"ready": True, "parts": {"database": "ok", "sync": "ok"}}


async def test_one_part_that_is_not_well_is_named(
    client: aiohttp.ClientSession, parts: dict[str, Check]
) -> None:
    async def behind() -> str:
        return "not synced yet"

    async def broken() -> str:
        raise ConnectionError("a secret")

    parts |= {"database": well, "sync": behind, "bank": broken}

    with capture_logs():
        async with client.get("/readyz") as answer:
            assert answer.status == 503
            assert await answer.json() == {
                "ready": False,
                "parts": {"database": "ok", "sync": "not synced yet", "bank": "failed: ConnectionError"},
            }


async def test_a_part_that_never_answers_holds_up_nothing() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    health = Health("1", {"bank": hangs, "database": well}, patience=0.01)
    answer = await health.ready(make_mocked_request("GET", "/readyz"))

    assert answer.status == 503
    assert answer.text == ('{"ready": false, "parts": {"bank": "no answer within 0.01 s", "database": "ok"}}')


async def test_the_parts_are_asked_together(client: aiohttp.ClientSession, parts: dict[str, Check]) -> None:
    both = asyncio.Barrier(2)

    async def meets_the_other() -> None:
        await both.wait()

    parts |= {"one": meets_the_other, "other": meets_the_other}

    async with client.get("/readyz") as answer:
        assert answer.status == 200
