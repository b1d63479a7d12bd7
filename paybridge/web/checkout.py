"""The public pages of invoices and items, and the streams that tell them of changes."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from paybridge.services.checkout import NoSuchPageError
from paybridge.services.ports import BookUnavailableError
from paybridge.web.answering import guarded
from paybridge.web.wording import Html

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paybridge.services.checkout import Checkout, Shown
    from paybridge.web.browser import Gate
    from paybridge.web.wording import Wording

NAME: Final = "{name:[A-Za-z0-9.-]{1,64}}"
MOST_STREAMS: Final = 200
"""Pages that are told of changes at once; whoever comes then looks again by hand."""
LOOKED_AT_EACH: Final = 1.0
"""Seconds between two looks at the book for one page."""
BEATS: Final = 15
"""After so many looks without news a comment goes out, so that no proxy takes the line for dead."""
LOOKS: Final = 900
"""After so many looks a stream ends; the browser comes again by itself."""


class CheckoutPages:
    """`/pay/...` for an invoice and `/buy/...` for an item: for everybody who has the address."""

    def __init__(self, checkout: Checkout, words: Wording, gate: Gate, language: str, bot: str) -> None:
        self.checkout = checkout
        self.words = words
        self.gate = gate
        self.language = language
        self.streams = 0
        self._bot = bot

    def routes(self) -> list[web.RouteDef]:
        """The routes of all pages."""
        invoice, item = self.checkout.invoice_mark, self.checkout.item_mark
        return [
            web.get(f"/pay/{NAME}", self.see_invoice),
            web.get(f"/buy/{NAME}", self.see_item),
            web.get(f"/pay/{NAME}/events", partial(self.follow, invoice), allow_head=False),
            web.get(f"/buy/{NAME}/events", partial(self.follow, item), allow_head=False),
        ]

    @guarded
    async def see_invoice(self, request: web.Request) -> web.Response:
        """What is asked for, and how it is paid."""
        return await self._page(request, self.checkout.invoice)

    @guarded
    async def see_item(self, request: web.Request) -> web.Response:
        """What is sold, and how it is bought."""
        return await self._page(request, self.checkout.item)

    async def _page(self, request: web.Request, look: Callable[[str], Awaitable[Shown]]) -> web.Response:
        language = self.words.language_of(request, self.language)
        try:
            shown = await look(request.match_info["name"])
        except NoSuchPageError:
            return self.words.page("checkout_none.html", language, 404)
        return self.words.page("checkout.html", language, **self._facts(shown, request))

    def _facts(self, shown: Shown, request: web.Request) -> dict[str, Any]:
        import segno  # noqa: PLC0415 - only who is shown a code pays for it

        picture = segno.make(shown.url, error="m", micro=False).svg_inline(
            scale=5, border=4, dark="#000", light="#fff", omitsize=True, svgclass="code", lineclass=None
        )
        return {
            "shown": shown,
            "here": request.match_info["name"],
            "picture": Html(picture),
            "bot": self._bot,
        }

    async def follow(self, mark: Callable[[str], Awaitable[str]], request: web.Request) -> web.StreamResponse:
        """Server-sent events: the page's mark, whenever it is another than the one that the browser has."""
        self.gate.check_host(request)
        name, seen = request.match_info["name"], request.query.get("seen", "")
        try:
            now = await mark(name)
        except NoSuchPageError:
            raise web.HTTPNotFound from None
        except BookUnavailableError:
            raise web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "5"}) from None
        if self.streams >= MOST_STREAMS:
            raise web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "30"})
        stream = web.StreamResponse(
            headers={hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        self.streams += 1
        try:
            await stream.prepare(request)
            await self._tell(request, stream, partial(mark, name), now, seen)
        except (ConnectionResetError, NoSuchPageError, BookUnavailableError):
            return stream  # the browser has gone, or comes again by itself
        finally:
            self.streams -= 1
        return stream

    async def _tell(
        self,
        request: web.Request,
        stream: web.StreamResponse,
        mark: Callable[[], Awaitable[str]],
        now: str,
        seen: str,
    ) -> None:
        for look in range(LOOKS):
            if request.transport is None:
                return  # the browser has gone
            if now != seen:
                seen = now
                await stream.write(f"data: {now}\n\n".encode())
            elif look % BEATS == 0:
                await stream.write(b": still here\n\n")
            await asyncio.sleep(LOOKED_AT_EACH)
            now = await mark()
