"""The HTTP frame around the bank: who may ask, how errors look, and how long the bank took."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Iterable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from paybridge.bank.errors import BankError

LARGEST_BODY = 64 * 1024
BEGAN = web.RequestKey("began", float)
log = logging.getLogger(__name__)


def application(api_key: str, routes: Iterable[web.AbstractRouteDef]) -> web.Application:
    """An application whose paths under `/v1/` ask for the API key."""
    app = web.Application(
        middlewares=[_stopwatch, _errors, _locked_with(api_key)], client_max_size=LARGEST_BODY
    )
    app.add_routes(routes)
    app.on_response_prepare.append(_tell_time)
    return app


def said(error: BankError) -> web.Response:
    """An error as programs read it."""
    body = {"error": error.code, "message": error.message, **error.facts}
    return web.json_response(body, status=error.status)


@web.middleware
async def _stopwatch(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[BEGAN] = time.perf_counter()
    return await handler(request)


async def _tell_time(request: web.Request, response: web.StreamResponse) -> None:
    # A request too broken to reach the application never started the watch.
    took = (time.perf_counter() - request[BEGAN]) * 1000 if BEGAN in request else 0.0
    response.headers["Server-Timing"] = f"bank;dur={took:.3f}"


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BankError as error:
        return said(error)
    except web.HTTPException as error:
        code = "not_found" if error.status == 404 else error.reason.lower().replace(" ", "_")  # noqa: PLR2004  RFC 9110 section 15.5.5
        answer = said(BankError(error.status, code, f"{error.reason}."))
        if hdrs.ALLOW in error.headers:
            answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return answer
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return said(BankError(500, "internal", "The bank made a mistake."))


def _locked_with(api_key: str) -> Middleware:
    expected = f"Bearer {api_key}".encode()

    @web.middleware
    async def lock(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        if request.path.startswith("/v1/") and not hmac.compare_digest(given, expected):
            raise BankError(401, "unauthorized", "The API key is missing or wrong.")
        return await handler(request)

    return lock
