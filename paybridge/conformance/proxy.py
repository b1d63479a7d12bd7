"""A proxy between a rail and its peer that breaks what passes, the ways networks and gateways do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Self

import aiohttp
from aiohttp import web
from yarl import URL

BAD_GATEWAY_PAGE: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
NOT_PASSED_ON: Final = frozenset(
    {"accept-encoding", "connection", "content-encoding", "content-length", "host", "transfer-encoding"}
)


class Fault(StrEnum):
    """What goes wrong; `reaches_peer` says whether the peer hears of the request at all."""

    DROPPED_BEFORE = "dropped before"
    DROPPED_AFTER = "dropped after"
    BAD_GATEWAY_BEFORE = "502 before"
    BAD_GATEWAY_AFTER = "502 after"
    CUT_JSON = "cut JSON"
    HALF_CLOSED = "half closed"
    NO_ANSWER = "no answer"
    DOUBLED = "doubled"

    @property
    def reaches_peer(self) -> bool:
        """Whether the request takes effect, if it has one."""
        return self not in {Fault.DROPPED_BEFORE, Fault.BAD_GATEWAY_BEFORE}


class FaultProxy:
    """Passes requests on to `target`, those whose `METHOD /path` `where` finds with `fault` if one is set.

    `rewrite` changes the body of their answers, `instead` is given without asking the peer.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self._ended = asyncio.Event()
        self.address = ""
        self.where = "/execute$"
        self.fault: Fault | None = None
        self.rewrite: Callable[[bytes], bytes] | None = None
        self.instead: Callable[[], web.Response] | None = None
        self.seen: list[str] = []
        self.reached = asyncio.Event()
        """Set once the peer has answered a request that `where` finds."""

    async def __aenter__(self) -> Self:
        """Listen at `address`."""
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and let go of whoever still waits for an answer."""
        self._ended.set()
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = f"{request.method} {request.path}"
        self.seen.append(asked)
        if not re.search(self.where, asked):
            return await self._pass_on(request)
        if self.instead is not None:
            return self.instead()
        if self.fault is None:
            answer = await self._pass_on(request)
            answer.body = self.rewrite(_body(answer)) if self.rewrite else answer.body
            return answer
        if not self.fault.reaches_peer:
            return await self._break(request, web.Response())
        answer = await self._pass_on(request)
        self.reached.set()
        return await self._break(request, answer)

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if _passes(name)}
        url = URL(self.target + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, data=await request.read(), headers=headers, allow_redirects=False
        ) as answer:
            body = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if _passes(name)}
            return web.Response(status=answer.status, body=body, headers=kept)

    async def _break(self, request: web.Request, answer: web.Response) -> web.StreamResponse:
        body = _body(answer)
        match self.fault:
            case Fault.BAD_GATEWAY_BEFORE | Fault.BAD_GATEWAY_AFTER:
                return web.Response(status=502, text=BAD_GATEWAY_PAGE, content_type="text/html")
            case Fault.CUT_JSON:
                return web.Response(body=body[: len(body) // 2], content_type="application/json")
            case Fault.HALF_CLOSED:
                return await self._half(request, body)
            case Fault.DOUBLED:
                return await self._pass_on(request)
            case Fault.NO_ANSWER:
                await self._ended.wait()
        self._hang_up(request)
        return answer

    async def _half(self, request: web.Request, body: bytes) -> web.StreamResponse:
        half = web.StreamResponse(headers={"Content-Length": str(len(body))})
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
        self._hang_up(request)
        return half

    @staticmethod
    def _hang_up(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.close()


def _passes(header: str) -> bool:
    return header.lower() not in NOT_PASSED_ON


def _body(answer: web.Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b""
