"""The web server itself: opens the port, and closes it."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from paybridge.web.guard import add_headers, errors_become_answers
from paybridge.web.health import Check, Health
from paybridge.web.hooks import LARGEST_BODY, Hooks, TakeWebhook
from paybridge.web.metrics import Metrics
from paybridge.web.pace import Pace
from paybridge.web.visiting import Visiting

# What is no HTTP at all is answered by aiohttp itself; strangers who send it shall not fill the log.
_SILENT: Final = logging.Logger("paybridge.web.noise", level=logging.CRITICAL)  # noqa: LOG001  outside of all settings
EACH_SECOND: Final = 200.0
BURST: Final = 2000
"""Webhooks of one address: more than any rail sends, fewer than would keep the bot from its work."""

_CLOSING_SECONDS: Final = 0.5


class WebError(Exception):
    """The web server cannot start; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class WebServer:
    """A running web server; `url` is where it answers on this machine."""

    url: str
    runner: web.AppRunner

    async def close(self) -> None:
        """Take no more requests, and give those under way a moment."""
        await self.runner.cleanup()


async def serve_web(  # noqa: PLR0913 - where it listens, and everything that it tells and takes
    host: str,
    port: int,
    *,
    version: str,
    parts: Mapping[str, Check],
    take_webhook: TakeWebhook,
    metrics: Metrics,
    pace: Pace | None = None,
    visiting: Visiting | None = None,
) -> WebServer:
    """A web server on `host:port` (port 0: any free one), or `WebError`.

    `parts` are asked for readiness by name, `take_webhook` is given what rails send; `pace` says how often
    one address may send something. `visiting` are the pages for people, where there are any.
    """
    runner = web.AppRunner(
        _pages(
            Health(version, parts),
            Hooks(take_webhook, pace or Pace(EACH_SECOND, BURST, time.monotonic)),
            metrics,
            visiting,
        ),
        access_log=None,
        logger=_SILENT,
        shutdown_timeout=_CLOSING_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise WebError(f"web.listen: cannot listen on {_address(host, port)}: {_reason(error)}") from error
    bound: tuple[str, int] = runner.addresses[0]
    return WebServer(f"http://{_address(bound[0], bound[1])}", runner)


def _pages(health: Health, hooks: Hooks, metrics: Metrics, visiting: Visiting | None) -> web.Application:
    pages = web.Application(middlewares=[errors_become_answers], client_max_size=LARGEST_BODY)
    pages.on_response_prepare.append(add_headers)
    pages.router.add_get("/healthz", health.alive)
    pages.router.add_get("/readyz", health.ready)
    pages.router.add_get("/metrics", metrics.get)
    pages.router.add_post("/hooks/{rail:[A-Za-z0-9_-]{1,64}}", hooks.post)
    if visiting is not None:
        pages.add_routes(visiting.routes())
    return pages


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there"
    return (error.strerror or str(error)).lower()
