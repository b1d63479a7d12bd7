"""A place on this machine to which a peer sends its webhooks."""

from __future__ import annotations

import asyncio
from typing import Self

from aiohttp import web


class Inbox:
    """Takes whatever is posted to it and keeps it, as it came."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.address = ""

    async def next(self) -> tuple[dict[str, str], bytes]:
        """Headers and body of the next one."""
        return await self._came.get()

    async def __aenter__(self) -> Self:
        """Listen at `address`."""
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        await self._came.put((dict(request.headers), await request.read()))
        return web.Response(status=204)
