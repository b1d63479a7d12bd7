"""A proxy between a rail and its peer that breaks what passes, the ways networks and gateways do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Self

import aiohttp
from aiohttp import web

BAD_GATEWAY_PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
PASSED_ON = frozenset({"authorization", "content-type", "idempotency-key"})


class Fault(StrEnum):
    """What goes wrong; `reaches_peer` says whether the peer hears of the request at all."""

    DROPPED_BEFORE = "dropped before"
    DROPPED_AFTER = "dropped after"
    BAD_GATEWAY_BEFORE = "502 before"
    BAD_GATEWAY_AFTER = "502 after"
    CUT_JSON = "cut JSON"
    HALF_CLOSED = "half closed"
    NO_ANSWER = "no answer"

    @property
    def reaches_peer(self) -> bool:
        return self not in {Fault.DROPPED_BEFORE, Fault.BAD_GATEWAY_BEFORE}


class FaultProxy:
    """Passes requests on to `target`, those whose path ends in `where` with `fault` if one is set.

    `rewrite` changes the body of their answers, `instead` is given without asking the peer.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self._ended = asyncio.Event()
        self.address = ""
        self.where = "/execute"
        self.fault: Fault | None = None
        self.rewrite: Callable[[bytes], bytes] | None = None
        self.instead: Callable[[], web.Response] | None = None
        self.seen: list[str] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended.set()
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.path}")
        if not request.path.endswith(self.where):
            return await self._pass_on(request)
        if self.instead is not None:
            return self.instead()
        if self.fault is None:
            return await self._pass_on(request)
        if not self.fault.reaches_peer:
            return await self._break(request, web.Response())
        return await self._break(request, await self._pass_on(request))

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() in PASSED_ON}
        async with self._session.request(
            request.method, self.target + request.path_qs, data=await request.read(), headers=headers
        ) as answer:
            body = await answer.read()
            if self.rewrite is not None and request.path.endswith(self.where):
                body = self.rewrite(body)
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name.lower() in {"content-type", "server-timing"}
            }
            return web.Response(status=answer.status, body=body, headers=kept)

    async def _break(self, request: web.Request, answer: web.Response) -> web.StreamResponse:
        body = answer.body if isinstance(answer.body, bytes) else b""
        match self.fault:
            case Fault.BAD_GATEWAY_BEFORE | Fault.BAD_GATEWAY_AFTER:
                return web.Response(status=502, text=BAD_GATEWAY_PAGE, content_type="text/html")
            case Fault.CUT_JSON:
                return web.Response(body=body[: len(body) // 2], content_type="application/json")
            case Fault.HALF_CLOSED:
                return await self._half(request, body)
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
