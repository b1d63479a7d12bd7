"""Says whether the process is alive, and whether every part of it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from aiohttp import web

log = structlog.stdlib.get_logger(__name__)

WELL: Final = "ok"

Check = Callable[[], Awaitable[str | None]]
"""Asks one part how it is: None if it is well, else a reason, which strangers may read."""


class Health:
    """`GET /healthz` and `GET /readyz`: all parts are asked together, each for `patience` seconds."""

    def __init__(self, version: str, parts: Mapping[str, Check], *, patience: float = 2.0) -> None:
        self._version = version
        self._parts = parts
        self._patience = patience

    async def alive(self, _request: web.Request) -> web.Response:
        """The process runs and answers."""
        return web.json_response({"status": WELL, "version": self._version})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 if every part is well, else 503; either way with a word about each."""
        words = await asyncio.gather(*(self._ask(name, check) for name, check in self._parts.items()))
        parts = dict(zip(self._parts, words, strict=True))
        ready = all(word == WELL for word in words)
        return web.json_response({"ready": ready, "parts": parts}, status=200 if ready else 503)

    async def _ask(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(self._patience):
                return await check() or WELL
        except TimeoutError:
            return f"no answer within {self._patience:g} s"
        except Exception as error:
            log.exception("a part could not be asked how it is", part=name)
            return f"failed: {type(error).__name__}"
