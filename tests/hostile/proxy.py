"""A hostile homeserver: a real one behind a proxy that changes what it says, as a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

API = "/_matrix/client/v3/"
HOP_BY_HOP = {
    "connection",
    "content-encoding",
    "content-length",
    "host",
    "transfer-encoding",
    "date",
    "server",
}
LARGEST = 64 * 1024 * 1024

Event = dict[str, Any]
Change = Callable[["Exchange"], None]
EventChange = Callable[[str, Event], Event | Iterable[Event] | None]


@dataclass
class Exchange:
    """One request and its answer. `path` is what follows `/_matrix/client/v3/`, decoded."""

    method: str
    path: str
    query: dict[str, str]
    asked: Any
    status: int = 0
    answer: Any = None

    def raw(self) -> bytes:
        """The answer as it goes over the wire."""
        return self.answer if isinstance(self.answer, bytes) else _dump(self.answer)


@dataclass
class Fault:
    """What is answered in place of the homeserver; no status at all: the connection is cut."""

    path: str
    status: int | None
    body: bytes
    times: int
    lets_through: bool


@dataclass
class _Rules:
    """What a test has told the proxy."""

    before: list[Change] = field(default_factory=list)
    after: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    news: deque[Event] = field(default_factory=deque)
    log: list[Exchange] = field(default_factory=list)


class HostileHomeserver:
    """Passes everything on, and changes what it is told to until `behave`."""

    def __init__(self, upstream: str) -> None:
        self.url = ""
        self._upstream = upstream
        self._rules = _Rules()
        self._bell = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self._upstream, timeout=aiohttp.ClientTimeout(total=None))
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    # ------------------------------------------------------------ what a test says

    @property
    def log(self) -> list[Exchange]:
        """Every request that came, with what was answered."""
        return self._rules.log

    def behave(self) -> None:
        """Forget every rule, and what has been asked so far."""
        self._rules = _Rules()

    def asked_for(self, method: str, path: str) -> list[Exchange]:
        """The requests whose path matches this pattern."""
        return [one for one in self.log if one.method == method and re.fullmatch(path, one.path)]

    def on_request(self, path: str, change: Change) -> None:
        """Change requests on their way to the homeserver."""
        self._rules.before.append(_only(path, change))

    def on_answer(self, path: str, change: Change) -> None:
        """Change answers on their way back."""
        self._rules.after.append(_only(path, change))

    def change_events(self, change: EventChange) -> None:
        """Change, drop (None) or multiply each event of a room, wherever the homeserver tells of it."""
        self._rules.after.append(lambda exchange: _change_events(exchange, change))

    def fail(
        self,
        path: str,
        status: int | None,
        body: Mapping[str, Any] | bytes = b"",
        *,
        times: int = 1,
        lets_through: bool = False,
    ) -> None:
        """Answer so many requests with this, or with a cut connection; `lets_through`: and yet do it."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._rules.faults.append(Fault(path, status, raw, times, lets_through))

    @property
    def faults_left(self) -> int:
        """How many failing answers are still to come."""
        return sum(fault.times for fault in self._rules.faults)

    def tell(self, news: Event) -> None:
        """Put something into the next sync: a whole answer, without its token."""
        self._rules.news.append(news)
        self._bell.set()

    def tell_room(self, room: str, *events: Event) -> None:
        """Put events into a room's timeline."""
        self.tell({"rooms": {"join": {room: {"timeline": {"events": list(events), "limited": False}}}}})

    # ------------------------------------------------------------ inside

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        exchange = Exchange(
            request.method,
            request.path.removeprefix(API),
            dict(request.query),
            json.loads(raw) if raw else None,
        )
        rules = self._rules
        rules.log.append(exchange)
        for change in rules.before:
            change(exchange)
        fault = _first_fault(rules.faults, exchange)
        if fault is not None:
            if fault.lets_through:
                await self._pass_on(request, exchange)
            return _broken(request, fault)
        if exchange.path == "sync" and "since" in exchange.query:
            await self._sync(request, exchange, rules)
        else:
            await self._pass_on(request, exchange)
        for change in rules.after:
            change(exchange)
        return web.Response(status=exchange.status, body=exchange.raw(), content_type="application/json")

    async def _sync(self, request: web.Request, exchange: Exchange, rules: _Rules) -> None:
        """The homeserver's answer, or at once what a test wants told."""
        asked = asyncio.ensure_future(self._pass_on(request, exchange))
        try:
            while not asked.done() and not rules.news:
                self._bell.clear()
                rung = asyncio.ensure_future(self._bell.wait())
                await asyncio.wait((asked, rung), return_when=asyncio.FIRST_COMPLETED)
                rung.cancel()
            if asked.done():
                await asked
                return
        finally:
            asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        exchange.status = 200
        exchange.answer = {"next_batch": exchange.query["since"], **rules.news.popleft()}

    async def _pass_on(self, request: web.Request, exchange: Exchange) -> None:
        assert self._session is not None  # open while the proxy runs
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        async with self._session.request(
            request.method,
            request.rel_url.with_query(exchange.query),
            data=None if exchange.asked is None else _dump(exchange.asked),
            headers=headers,
        ) as answer:
            raw = await answer.read()
            exchange.status = answer.status
            exchange.answer = json.loads(raw) if answer.content_type == "application/json" else raw


def _only(path: str, change: Change) -> Change:
    def look(exchange: Exchange) -> None:
        if re.fullmatch(path, exchange.path):
            change(exchange)

    return look


def _first_fault(faults: list[Fault], exchange: Exchange) -> Fault | None:
    for fault in faults:
        if fault.times and re.fullmatch(fault.path, exchange.path):
            fault.times -= 1
            return fault
    return None


def _broken(request: web.Request, fault: Fault) -> web.Response:
    if fault.status is None and request.transport is not None:
        request.transport.abort()
    return web.Response(status=fault.status or 200, body=fault.body, content_type="application/json")


def _dump(thing: object) -> bytes:
    return json.dumps(thing).encode()


def _change_events(exchange: Exchange, change: EventChange) -> None:
    answer = exchange.answer
    if not isinstance(answer, dict) or exchange.status != web.HTTPOk.status_code:
        return
    if exchange.path == "sync":
        for room, told in answer.get("rooms", {}).get("join", {}).items():
            for part in ("timeline", "state"):
                if part in told:
                    told[part]["events"] = _changed(room, told[part].get("events", []), change)
    elif found := re.fullmatch(r"rooms/([^/]+)/(messages|event/.+)", exchange.path):
        room, what = found.groups()
        if what == "messages":
            answer["chunk"] = _changed(room, answer.get("chunk", []), change)
        else:
            exchange.answer = next(iter(_changed(room, [answer], change)), {})


def _changed(room: str, events: list[Event], change: EventChange) -> list[Event]:
    changed: list[Event] = []
    for event in events:
        new = change(room, event)
        changed += [] if new is None else [new] if isinstance(new, dict) else new
    return changed
