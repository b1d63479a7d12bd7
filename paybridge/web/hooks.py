"""Takes the webhooks of rails, unread: the rail itself says whether one is genuine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import hdrs, web

from paybridge.failpoints import failpoint
from paybridge.web.pace import Pace

LARGEST_BODY: Final = 64 * 1024
BODY_SECONDS: Final = 10.0

TakeWebhook = Callable[[str, Mapping[str, str], bytes], Awaitable[None]]
"""Takes a webhook: the rail's name, the headers (found in any case) and the raw body.

It returns once the news is kept, and raises `UnknownRailError` or `WebhookRefusedError`.
"""


class Hooks:
    """`POST /hooks/{rail}`."""

    def __init__(self, take: TakeWebhook, pace: Pace) -> None:
        self._take = take
        self._pace = pace

    async def post(self, request: web.Request) -> web.Response:
        """204 once the news is kept; on any other answer the rail shall send it again, or leave it."""
        if not self._pace.allows(request.remote or ""):
            raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: "1"})
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        failpoint("webhook.received")
        await self._take(request.match_info["rail"], request.headers, body)
        failpoint("webhook.handled")
        return web.Response(status=204)
