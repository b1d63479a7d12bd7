"""What is asked of a browser before a page does anything: our host, our own page, a short form, no hurry."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from paybridge.web.pace import Pace

PAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
            " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    }
)
"""Where a page needs more than `guard.SECURITY_HEADERS` give: its own style, script and form."""

LARGEST_FORM: Final = 16 * 1024
FORM_SECONDS: Final = 10.0
FORM: Final = "application/x-www-form-urlencoded"
EACH_SECOND: Final = 20.0
BURST: Final = 200
"""Pages of one address. Behind a proxy everybody has its address; tokens are too long to be guessed."""
DEEDS_EACH_SECOND: Final = 0.2
DEEDS: Final = 6
"""What is done by one link: a person types no faster."""
_PORTS: Final = {"http": 80, "https": 443}


class NotFromOurPageError(Exception):
    """The form was not sent by a page of ours: another site's, or a program's."""


class Gate:
    """Lets through what a person's own browser sends from our own page. `seal` is a keyed hash of a text."""

    def __init__(self, public_url: str, seal: Callable[[str], str], monotonic: Callable[[], float]) -> None:
        parts = urlsplit(public_url)
        self._host = _host(parts.netloc, parts.scheme)
        self._scheme = parts.scheme
        self._origin = f"{parts.scheme}://{parts.netloc}".lower()
        self._seal = seal
        self._pages = Pace(EACH_SECOND, BURST, monotonic)
        self._deeds = Pace(DEEDS_EACH_SECOND, DEEDS, monotonic)

    def check_host(self, request: web.Request) -> None:
        """Refuse a request that was made to another name: a forged one, or one that was bound to us anew."""
        named = request.headers.getall(hdrs.HOST, [])
        if len(named) != 1 or _host(named[0], self._scheme) != self._host:
            raise web.HTTPMisdirectedRequest
        if not self._pages.allows(request.remote or ""):
            raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: "1"})

    def proof(self, token: str) -> str:
        """What the page of this link puts into its form, and no other page knows."""
        return self._seal(token)

    async def read_form(self, request: web.Request, token: str) -> Mapping[str, str]:
        """The short form that our own page of this link sent, or `NotFromOurPageError`."""
        self.check_origin(request)
        if not self._deeds.allows(token):
            raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: "5"})
        form = await _short_form(request)
        given = form.get("proof", "")
        if not hmac.compare_digest(given.encode(), self.proof(token).encode()):
            raise NotFromOurPageError
        return form

    def check_origin(self, request: web.Request) -> None:
        """Raise unless the browser says that the request comes from a page of ours.

        As our pages send no referrer, a form's Origin is `null`: then Sec-Fetch-Site must say it.
        """
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get(hdrs.ORIGIN, "null").lower()
        ours = origin == self._origin or (origin == "null" and site is not None)
        if site not in {None, "same-origin"} or not ours:
            raise NotFromOurPageError


async def _short_form(request: web.Request) -> Mapping[str, str]:
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType
    if request.content_length is None:
        raise web.HTTPLengthRequired
    if request.content_length > LARGEST_FORM:
        raise web.HTTPRequestEntityTooLarge(LARGEST_FORM, request.content_length)
    try:
        async with asyncio.timeout(FORM_SECONDS):
            form = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (LookupError, ValueError):
        raise web.HTTPBadRequest from None  # a charset that there is not, or bytes that are none of its
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _host(netloc: str, scheme: str) -> tuple[str, int] | None:
    """Name and port, as a browser would ask for them."""
    try:
        parts = urlsplit(f"//{netloc}")
        port = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path or not parts.hostname:
        return None
    return parts.hostname, port or _PORTS[scheme]
