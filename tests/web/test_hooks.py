"""A webhook is handed on as it came, and answered by what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.web.desk import Desk

LIMIT = 64 * 1024


async def test_a_webhook_is_handed_on_unread(client: aiohttp.ClientSession, desk: Desk) -> None:
    raw = b'{"a": 1,\xff}'

    async with client.post("/hooks/bank", data=raw, headers={"Webhook-Id": "w1"}) as answer:
        assert answer.status == 204

    [(rail, headers, body)] = desk.taken
    assert (rail, body) == ("bank", raw)
    assert headers["webhook-id"] == "w1"


@pytest.mark.parametrize(
    ("path", "body", "status", "fault"),
    [
        ("/hooks/bank", b"forged", 400, "refused"),
        ("/hooks/moon", b"x", 404, "not found"),
        ("/hooks/bank/more", b"x", 404, "not found"),
        ("/hooks/" + "x" * 65, b"x", 404, "not found"),
        ("/hooks/bank", b"away", 503, "try again"),
        ("/hooks/bank", b"broken", 500, "internal error"),
        ("/hooks/bank", b"x" * (LIMIT + 1), 413, "request entity too large"),
    ],
)
async def test_what_cannot_be_taken_is_answered_without_a_reason_to_learn_from(
    client: aiohttp.ClientSession,
    desk: Desk,
    path: str,
    body: bytes,
    status: int,
    fault: str,
) -> None:
    with capture_logs():
        async with client.post(path, data=body) as answer:
            assert answer.status == status
            assert await answer.json() == {"error": fault}

    assert desk.taken == []


async def test_the_largest_body_is_taken(client: aiohttp.ClientSession, desk: Desk) -> None:
    async with client.post("/hooks/bank", data=b"x" * LIMIT) as answer:
        assert answer.status == 204

    assert len(desk.taken[0][2]) == LIMIT


async def test_a_body_without_a_length_is_cut_off_too(client: aiohttp.ClientSession, desk: Desk) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 1024 + 1):
            yield b"x" * 1024

    async with client.post("/hooks/bank", data=pieces()) as answer:
        assert answer.status == 413

    assert desk.taken == []


async def test_a_webhook_is_posted_and_nothing_else(client: aiohttp.ClientSession) -> None:
    async with client.get("/hooks/bank") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"
