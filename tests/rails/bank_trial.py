"""The bank's rail on trial against a running bank, whose own books are the judge."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Self

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from paybridge.bank.options import BankOptions as SimulatorOptions
from paybridge.bank.program import running_bank
from paybridge.bank.scripts import ORDINARY, SCRIPTED
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.bank import BankRail
from paybridge.rails.bank.options import BankOptions
from paybridge.services.ports import Order, Outcome, Rail
from tests.rails.faults import FaultProxy

SLOW = timedelta(minutes=1)
CAP = Money(7, "EUR")
KEY = "bank_test_for_the_contract"
SECRET = "whsec_Zm9yIHRoZSBjb250cmFjdCBhbG9uZQ=="
NEXT_SECRET = "whsec_dGhlIG9uZSB0aGF0IGNvbWVzIG5leHQ="
IBANS: Mapping[str, str] = {script.name: script.iban for script in (ORDINARY, *SCRIPTED)}


class Inbox:
    """Takes whatever is posted to it and keeps it, as it came."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.address = ""

    async def next(self) -> tuple[dict[str, str], bytes]:
        return await self._came.get()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        await self._came.put((dict(request.headers), await request.read()))
        return web.Response(status=204)


class Watch:
    """The bank's clock: the real time, put forward by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class BankTrial:
    """A rail to a running bank, the bank's books, and a proxy that breaks what passes through it."""

    details = ORDINARY.iban
    bad_details = "DE00370400440532013000"

    def __init__(
        self, http: aiohttp.ClientSession, inbox: Inbox, watch: Watch, proxy: FaultProxy, books: Path
    ) -> None:
        self.http = http
        self.inbox = inbox
        self.watch = watch
        self.proxy = proxy
        self.rail = self.rail_to(proxy.target)
        self._books = books
        self._numbers = count(1)

    def rail_to(self, address: str, *, timeout_seconds: float = 30) -> BankRail:
        options = BankOptions(
            url=address,
            api_key=SecretStr(KEY),
            webhook_secret=SecretStr(SECRET),
            timeout_seconds=timeout_seconds,
        )
        return BankRail(options, self.http)

    async def order(self, kind: LegKind | None = None) -> Order:
        return await self.order_on("ordinary", kind or LegKind.COLLECT)

    async def refused_order(self) -> Order:
        return await self.order_on("no funds", LegKind.COLLECT)

    async def order_on(self, script: str, kind: LegKind) -> Order:
        """An order on a verified link to the account that follows a script."""
        linked = await self.rail.link(IBANS[script])
        await self.rail.verify(linked.token, await self.proof(linked.token))
        return Order(f"leg-{next(self._numbers)}", kind, Money(1250, "EUR"), linked.token, "pizza\n🍕")

    async def proof(self, token: str) -> str:
        return str(self._read("SELECT code FROM link WHERE id = ?", token)[0][0])

    async def moved(self, reference: str) -> list[Money]:
        rows = self._read(
            "SELECT movement.amount FROM movement JOIN payment ON payment.id = movement.payment"
            " WHERE payment.reference = ? AND movement.kind = 'payment'",
            reference,
        )
        return [Money(int(str(amount)), "EUR") for (amount,) in rows]

    async def webhook(self, order: Order) -> tuple[dict[str, str], bytes, datetime]:
        await self.execute(order)
        headers, raw = await self.inbox.next()
        return headers, raw, datetime.now(UTC)

    async def execute(self, order: Order) -> tuple[str, Outcome]:
        """Prepare and execute an order; its handle and what came of it."""
        handle = await self.rail.prepare(order)
        return handle, await self.rail.execute(handle, f"key-{order.reference}", CAP)

    async def rail_to_no_sandbox(self) -> Rail:
        self.proxy.where = "/about"
        self.proxy.rewrite = lambda body: body.replace(b'"sandbox": true', b'"sandbox": false')
        return self.rail_to(self.proxy.address)

    def _read(self, sql: str, *given: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self._books}?mode=ro", uri=True)) as books:
            return books.execute(sql, given).fetchall()


@contextlib.asynccontextmanager
async def running(folder: Path, inbox: Inbox, http: aiohttp.ClientSession) -> AsyncIterator[BankTrial]:
    """A bank in this process, on a port and in a folder of its own."""
    options = SimulatorOptions(
        data=folder,
        api_key=KEY,
        webhook_url=inbox.address,
        webhook_secrets=(NEXT_SECRET, SECRET),
        collect_fee_minor=7,
        settlement_opening_minor=1_000_000,
        slow_seconds=SLOW.total_seconds(),
    )
    watch = Watch()
    async with running_bank(options, clock=watch) as address, FaultProxy(address) as proxy:
        yield BankTrial(http, inbox, watch, proxy, folder / "bank.sqlite3")
