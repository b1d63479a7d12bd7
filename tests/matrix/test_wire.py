"""How requests fail: to be tried again, refused for good, or with a token that works no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from paybridge.matrix.wire import NotNowError, RefusedError, TokenRevokedError, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Homeserver:
    """Answers everything with what it was told to answer."""

    def __init__(self) -> None:
        self.status, self.body = 200, "{}"
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.raw_path}")
        return web.Response(status=self.status, text=self.body, content_type="application/json")


@pytest.fixture
def homeserver() -> Homeserver:
    return Homeserver()


@pytest.fixture
async def wire(homeserver: Homeserver) -> AsyncIterator[Wire]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", homeserver.answer)
    async with TestServer(app) as server:
        wire = Wire(str(server.make_url("/")))
        yield wire
        await wire.close()


async def test_an_answer_is_what_the_homeserver_said(wire: Wire, homeserver: Homeserver) -> None:
    homeserver.body = '{"event_id": "$1"}'

    assert await wire.put("rooms", "!a/b?c:hs", "send", body={}) == {"event_id": "$1"}
    assert homeserver.asked == ["PUT /_matrix/client/v3/rooms/!a%2Fb%3Fc:hs/send"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "not json"),
        (200, "[]"),
        (200, "[" * 100_000),
        (404, "<html>proxy</html>"),
        (403, "{}"),
        (404, '{"errcode": 7}'),
        (500, '{"errcode": "M_UNKNOWN"}'),
        (502, ""),
        (429, '{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": "soon"}'),
    ],
)
async def test_a_homeserver_out_of_its_mind_is_asked_again_later(
    wire: Wire, homeserver: Homeserver, status: int, body: str
) -> None:
    homeserver.status, homeserver.body = status, body

    with pytest.raises(NotNowError) as later:
        await wire.get("sync")
    assert later.value.after is None


async def test_a_homeserver_that_asks_to_wait_says_how_long(wire: Wire, homeserver: Homeserver) -> None:
    homeserver.status, homeserver.body = 429, '{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}'

    with pytest.raises(NotNowError) as later:
        await wire.get("sync")
    assert later.value.after == timedelta(seconds=1.5)


async def test_a_refusal_is_for_good(wire: Wire, homeserver: Homeserver) -> None:
    homeserver.status, homeserver.body = 403, '{"errcode": "M_FORBIDDEN"}'

    with pytest.raises(RefusedError) as refused:
        await wire.put("rooms", "!a:hs", body={})
    assert (refused.value.status, refused.value.code) == (403, "M_FORBIDDEN")
    assert wire.working


async def test_a_revoked_token_is_not_tried_again(wire: Wire, homeserver: Homeserver) -> None:
    homeserver.status, homeserver.body = 401, '{"errcode": "M_UNKNOWN_TOKEN"}'

    for _ in range(3):
        with pytest.raises(TokenRevokedError):
            await wire.get("sync")
    assert len(homeserver.asked) == 1


async def test_whoever_asks_before_the_login_is_told_later_and_nothing_was_revoked(
    wire: Wire, homeserver: Homeserver
) -> None:
    homeserver.status, homeserver.body = 401, '{"errcode": "M_MISSING_TOKEN"}'

    with pytest.raises(NotNowError):
        await wire.get("rooms", "!a:hs", "members")
    assert not wire.revoked


async def test_nobody_listening_is_a_homeserver_that_is_away() -> None:
    wire = Wire("http://127.0.0.1:1")

    with pytest.raises(NotNowError):
        await wire.get("sync")
    await wire.close()

    assert not wire.working


async def test_half_a_character_is_refused_before_it_is_sent(wire: Wire, homeserver: Homeserver) -> None:
    with pytest.raises(RefusedError):
        await wire.get("rooms", "!\ud800:hs", "members")
    with pytest.raises(RefusedError):
        await wire.post("keys", "query", body={"device_keys": {"@\udfff:hs": []}})

    assert homeserver.asked == []
