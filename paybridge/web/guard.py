"""What every answer of the web server has in common: security headers, and errors in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from paybridge.services.ports import RailError, WebhookRefusedError

log = structlog.stdlib.get_logger(__name__)

SECURITY_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)


class UnknownRailError(LookupError):
    """A webhook names a rail that is not in use."""


async def add_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    """Put the security headers on, where a handler has none of its own, and take off what we run on."""
    for name, value in SECURITY_HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.pop(hdrs.SERVER, None)


@web.middleware
async def errors_become_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The one place on the web in which an error becomes an answer; none of them says more than it must."""
    try:
        return await handler(request)
    except WebhookRefusedError as error:
        log.warning("webhook refused", rail=request.match_info.get("rail"), reason=str(error))
        return _answer(web.HTTPBadRequest.status_code, "refused")
    except UnknownRailError:
        return _answer(web.HTTPNotFound.status_code, "not found")
    except RailError as error:
        log.warning("webhook put off", rail=request.match_info.get("rail"), reason=type(error).__name__)
        return _answer(web.HTTPServiceUnavailable.status_code, "try again")
    except web.HTTPException as error:
        answer = _answer(error.status, error.reason.lower())
        for name in (hdrs.ALLOW, hdrs.RETRY_AFTER):
            if name in error.headers:
                answer.headers[name] = error.headers[name]
        return answer
    except Exception:
        resource = request.match_info.route.resource
        # The path itself may hold a one-time token, its pattern never does.
        log.exception("request failed", method=request.method, path=resource.canonical if resource else None)
        return _answer(web.HTTPInternalServerError.status_code, "internal error")


def _answer(status: int, fault: str) -> web.Response:
    return web.json_response({"error": fault}, status=status)
