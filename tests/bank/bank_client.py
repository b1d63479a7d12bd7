"""A provider's and an account holder's view of a running bank, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

KEY = "bank_test_key"
IBAN = "DE89370400440532013000"


@dataclass
class MovableClock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any


class BankClient:
    def __init__(self, session: aiohttp.ClientSession, url: str, key: str = KEY) -> None:
        self.url = url
        self._session = session
        self._key = key

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        said = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        given: dict[str, Any] = {"data": raw} if raw is not None else {} if body is None else {"json": body}
        async with self._session.request(method, self.url + path, headers=said, **given) as answer:
            is_json = answer.content_type == "application/json"
            return Answer(
                answer.status, await answer.json() if is_json else await answer.text(), answer.headers
            )

    async def link(self, iban: str = IBAN) -> str:
        """A verified link, made the way a person makes one: by reading the code in the statement."""
        made = await self.call("POST", "/v1/links", {"iban": iban})
        assert made.status == 201, made
        checked = await self.verify(made.body["id"], await self.code(iban))
        assert checked.body["state"] == "verified"
        return str(made.body["id"])

    async def code(self, iban: str = IBAN) -> str:
        texts = [entry["text"] for entry in (await self.account(iban))["entries"]]
        return next(found[1] for text in texts if (found := re.fullmatch(r"PAYBRIDGE (\d{4})", text)))

    async def verify(self, link: str, code: str) -> Answer:
        return await self.call("POST", f"/v1/links/{link}/verify", {"code": code})

    async def prepare(self, link: str, amount: int = 1250, **other: object) -> Answer:
        wish = {"reference": "PB-7K3QD", "direction": "collect", "currency": "EUR", "text": "pizza"}
        return await self.call("POST", "/v1/orders", {**wish, "link": link, "amount": amount, **other})

    async def prepared(self, link: str, amount: int = 1250, **other: object) -> str:
        answer = await self.prepare(link, amount, **other)
        assert answer.status == 201, answer
        return str(answer.body["id"])

    async def execute(self, order: str, key: str = "key-1", fee_cap: int = 0) -> Answer:
        headers = {"Idempotency-Key": key}
        return await self.call("POST", f"/v1/orders/{order}/execute", {"fee_cap": fee_cap}, headers=headers)

    async def order(self, order: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.call("GET", f"/v1/orders/{order}")).body
        return found

    async def statement(self, query: str = "") -> dict[str, Any]:
        found: dict[str, Any] = (await self.call("GET", f"/v1/statement{query}")).body
        return found

    async def account(self, iban: str = IBAN) -> dict[str, Any]:
        found: dict[str, Any] = (await self.call("GET", f"/accounts/{iban}/statement")).body
        return found

    async def balances(self, iban: str = IBAN) -> tuple[int, int]:
        """What stands on the account, and on our settlement account."""
        return (await self.account(iban))["balance"], (await self.statement())["balance"]


class Inbox:
    """Takes webhooks; answers with the statuses it was given, then with 204."""

    def __init__(self, statuses: list[int]) -> None:
        self.arrived: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self._statuses = statuses

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        await self.arrived.put((headers, await request.read()))
        return web.Response(status=self._statuses.pop(0) if self._statuses else 204)


@contextlib.asynccontextmanager
async def webhook_inbox(*statuses: int) -> AsyncIterator[tuple[str, Inbox]]:
    inbox = Inbox(list(statuses))
    app = web.Application()
    app.router.add_post("/hook", inbox.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", inbox
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def bank_process(data: Path, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The bank as a process of its own; killed at the end if it still lives."""
    words = ["-m", "paybridge.bank", "--port", "0", "--data", str(data), "--api-key", KEY, *arguments]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        assert line.startswith("bank simulator listening on http://127.0.0.1:"), line
        yield process, line.split()[-1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
