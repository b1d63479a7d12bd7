"""The pages of a shop, for its owner: a door behind a one-time link, and what stands behind it."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from paybridge.domain.errors import UserError
from paybridge.domain.history import Mark
from paybridge.domain.invoice import rate_text
from paybridge.domain.month import Month, month_of
from paybridge.domain.takings import TAKINGS, WITHOUT_RATE
from paybridge.services.factors import CountedError
from paybridge.services.one_time_links import LinkGoneError
from paybridge.texts.takings_files import make_takings
from paybridge.web.answering import guarded
from paybridge.web.charts import takings_chart
from paybridge.web.visiting import TOKEN, question

if TYPE_CHECKING:
    from paybridge.domain.money import Money
    from paybridge.services.shop_door import ShopDoor, Visitor
    from paybridge.services.shop_view import OrdersShown, ShopView
    from paybridge.web.browser import Gate
    from paybridge.web.wording import Html, Wording

COOKIE: Final = "__Host-shop"
"""Browsers take it only over https (or on the machine itself), for this host alone, for all of its paths."""
_MARK: Final = re.compile(r"([0-9]{1,16})-([A-Za-z0-9-]{1,40})")
_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ShopPages:
    """`/shop/...`: the link's own page begins a session, all others want its cookie."""

    def __init__(self, door: ShopDoor, view: ShopView, words: Wording, gate: Gate, language: str) -> None:
        self.door = door
        self.view = view
        self.words = words
        self.gate = gate
        self.language = language
        self._drawing = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """The routes of all pages."""
        return [
            web.get("/shop/today", self.see_today),
            web.get("/shop/orders", self.see_orders),
            web.get("/shop/month", self.see_month),
            web.get("/shop/month.{form:csv|pdf}", self.file),
            web.post("/shop/leave", self.leave),
            web.get(f"/shop/{TOKEN}", self.see_door),
            web.post(f"/shop/{TOKEN}", self.enter),
            web.post(f"/shop/{TOKEN}/passkey", self.ask_passkey),
        ]

    # ------------------------------------------------------------ the door

    @guarded
    async def see_door(self, request: web.Request) -> web.Response:
        return await self._door(request.match_info["token"])

    @guarded
    async def ask_passkey(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        await self.gate.read_form(request, token)
        return await question(self.door.ask_passkey(token))

    @guarded
    async def enter(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        form = await self.gate.read_form(request, token)
        shown = await self.door.look(token)
        try:
            opened = await self.door.enter(token, form.get("answer"))
        except LinkGoneError:
            raise
        except UserError as error:
            refused = self.words.refusal(error, shown.language)
            return await self._door(token, refused, 422 if isinstance(error, CountedError) else 409)
        answer = _on_to("today")
        answer.set_cookie(COOKIE, opened, path="/", secure=True, httponly=True, samesite="Strict")
        return answer

    async def _door(self, token: str, refused: Html | None = None, status: int = 200) -> web.Response:
        shown = await self.door.look(token)
        return self.words.page(
            "shop_door.html",
            shown.language,
            status,
            passkey=shown.passkey,
            proof=self.gate.proof(token),
            refused=refused,
        )

    # ------------------------------------------------------------ behind it

    @guarded
    async def see_today(self, request: web.Request) -> web.Response:
        visitor = await self._visitor(request)
        shown = await self.view.today(visitor, _mark(request))
        return self._page(
            request,
            "shop_today.html",
            visitor,
            day=shown.day,
            at=shown.at.astimezone(ZoneInfo(shown.zone)),
            zone=shown.zone,
            takings=shown.takings,
            to_do=shown.to_do,
            orders=_rows(shown.orders, shown.zone),
            more=_told(shown.orders.more),
        )

    @guarded
    async def see_orders(self, request: web.Request) -> web.Response:
        visitor = await self._visitor(request)
        zone = await self.view.zone(visitor.owner.id)
        shown = await self.view.orders(visitor, _mark(request))
        rows, more = _rows(shown, zone), _told(shown.more)
        return self._page(request, "shop_orders.html", visitor, orders=rows, more=more)

    @guarded
    async def see_month(self, request: web.Request) -> web.Response:
        visitor = await self._visitor(request)
        report = await self.view.month(visitor, _month(request))
        charts = {
            one.currency: takings_chart(self.words, visitor.language, report, one)
            for one in report.currencies
        }
        return self._page(
            request,
            "shop_month.html",
            visitor,
            report=report,
            at=report.at.astimezone(ZoneInfo(report.zone)),
            charts=charts,
            rate_text=rate_text,
            figure=partial(self._figure, visitor.language),
            counted=TAKINGS,
            without_rate=WITHOUT_RATE,
            before=report.month.moved(-1),
            behind=report.month.moved(1) if report.month < month_of(report.today) else None,
        )

    def _figure(self, language: str, money: Money) -> str:
        """A sum in a table that says its currency above."""
        return self.words.text(language, "web.money", money=money).removesuffix(f" {money.currency}")

    @guarded
    async def file(self, request: web.Request) -> web.Response:
        """The month as a file to keep."""
        visitor = await self._visitor(request)
        report = await self.view.month(visitor, _month(request))
        # One at a time, and not in the event loop: a PDF takes a second of CPU.
        async with self._drawing:
            made = await asyncio.to_thread(
                make_takings, self.words.texts, report, visitor.language, request.match_info["form"]
            )
        named = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{made.name}"'}
        return web.Response(body=made.data, content_type=made.mimetype, headers=named)

    @guarded
    async def leave(self, request: web.Request) -> web.Response:
        """End the session."""
        visitor = await self._visitor(request)
        await self.gate.read_form(request, _cookie(request))
        await self.door.leave(_cookie(request))
        answer = self.words.page("shop_left.html", visitor.language)
        answer.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
        return answer

    async def _visitor(self, request: web.Request) -> Visitor:
        return await self.door.visitor(_cookie(request))

    def _page(self, request: web.Request, page: str, visitor: Visitor, **facts: Any) -> web.Response:  # noqa: ANN401 - what the page needs
        return self.words.page(
            page,
            visitor.language,
            here=request.path.rpartition("/")[2],
            shop=self.view.name(visitor),
            passkey=visitor.session.passkey is not None,
            ends=visitor.session.ends,
            proof=self.gate.proof(_cookie(request)),
            **facts,
        )


def _cookie(request: web.Request) -> str:
    return request.cookies.get(COOKIE, "")


def _on_to(page: str) -> web.Response:
    # Our own page, by its name alone: what stands before it, only the proxy knows.
    return web.Response(status=303, headers={hdrs.LOCATION: page})


def _rows(shown: OrdersShown, zone: str) -> list[dict[str, object]]:
    """Orders with their times by the shop's own clock."""
    return [
        {
            "payment": one.sale.id,
            "number": one.sale.number,
            "state": one.sale.state.value,
            "at": one.sale.created.astimezone(ZoneInfo(zone)),
            "buyer": one.buyer,
            "amount": one.amount,
            "lines": one.paper.bill.lines,
        }
        for one in shown.orders
    ]


def _told(mark: Mark | None) -> str | None:
    """Where the next page begins, as it stands in its address."""
    return None if mark is None else f"{(mark.created - _EPOCH) // _MICROSECOND}-{mark.id}"


def _month(request: web.Request) -> Month | None:
    """The month that the address names, if it names one."""
    read = _MONTH.fullmatch(request.query.get("month", ""))
    return None if read is None else Month(int(read[1]), int(read[2]))


def _mark(request: web.Request) -> Mark | None:
    """Where this page begins; with an address that tells nothing of the kind, it is the first one."""
    read = _MARK.fullmatch(request.query.get("after", ""))
    return None if read is None else Mark(_EPOCH + int(read[1]) * _MICROSECOND, read[2])
