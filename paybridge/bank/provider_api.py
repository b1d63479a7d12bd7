"""The side that payment programs talk to: links, quotes, orders and our statement, under `/v1/`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial

from aiohttp import web

from paybridge.bank import execution, ledger, links, names, orders, reading
from paybridge.bank.counter import Counter
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.schemes import SCHEMES, Scheme
from paybridge.bank.scripts import Manner

NAME = "PayBridge bank simulator"
INTERFACE_VERSION = "1"
EVERY_CURRENCY = "all"
BAD_GATEWAY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)


def provider_routes(counter: Counter) -> list[web.RouteDef]:
    """The routes; every one asks for the API key."""
    api = _ProviderApi(counter)
    return [
        web.get("/v1/about", api.about),
        web.post("/v1/links", api.make_link),
        web.post("/v1/links/{link}/verify", api.verify_link),
        web.delete("/v1/links/{link}", api.remove_link),
        web.post("/v1/payee-checks", api.check_payee),
        web.post("/v1/quotes", api.quote),
        web.post("/v1/orders", api.prepare),
        web.get("/v1/orders", api.find_by_reference),
        web.get("/v1/orders/{order}", api.find),
        web.post("/v1/orders/{order}/execute", api.execute),
        web.post("/v1/orders/{order}/cancel", api.cancel),
        web.get("/v1/statement", api.statement),
    ]


class _ProviderApi:
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def about(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "sandbox": True,
                "name": NAME,
                "version": INTERFACE_VERSION,
                "schemes": [scheme.name for scheme in SCHEMES],
                "currencies": [scheme.currency for scheme in SCHEMES],
                "idempotency_window_seconds": self._counter.options.idempotency_window_seconds,
                "settlement_iban": SCHEMES[0].settlement_number,
                "settlement_accounts": {scheme.currency: scheme.settlement_number for scheme in SCHEMES},
            }
        )

    async def make_link(self, request: web.Request) -> web.Response:
        details = await reading.body_of(request)
        return web.json_response(await self._counter.run(partial(links.make, details=details)), status=201)

    async def verify_link(self, request: web.Request) -> web.Response:
        code = reading.text(await reading.body_of(request), "code")
        link = request.match_info["link"]
        check = await self._counter.run(partial(links.verify, link=link, code=code))
        if check.right:
            return web.json_response({"id": link, "state": check.state})
        if check.state == "pending":
            raise BankError(422, "wrong_code", "That is not the code.", tries_left=check.tries_left)
        raise BankError(422, "link_failed", "This link can no longer be verified.", tries_left=0)

    async def remove_link(self, request: web.Request) -> web.Response:
        await self._counter.run(partial(links.remove, link=request.match_info["link"]))
        return web.Response(status=204)

    async def check_payee(self, request: web.Request) -> web.Response:
        details = await reading.body_of(request)
        name = reading.text(details, "name")
        return web.json_response(await self._counter.run(partial(names.check, details=details, name=name)))

    async def quote(self, request: web.Request) -> web.Response:
        body = await reading.body_of(request)
        wanted = orders.Wanted(
            reading.direction(body),
            reading.whole(body, "amount"),
            reading.text(body, "currency"),
            reading.text(body, "link") if "link" in body else None,
        )
        return web.json_response(await self._counter.run(partial(orders.quote, wanted=wanted)))

    async def prepare(self, request: web.Request) -> web.Response:
        body = await reading.body_of(request)
        wish = orders.Wish(
            reading.reference(reading.text(body, "reference")),
            reading.direction(body),
            reading.text(body, "link"),
            reading.whole(body, "amount"),
            reading.text(body, "currency"),
            reading.payment_text(body),
            reading.text(body, "to") if "to" in body else None,
        )
        order, is_new = await self._counter.run(partial(_prepare, wish))
        return web.json_response(order, status=201 if is_new else 200)

    async def find(self, request: web.Request) -> web.Response:
        order = request.match_info["order"]
        return await self._tell(lambda desk: orders.find(desk.books, order))

    async def find_by_reference(self, request: web.Request) -> web.Response:
        if "reference" not in request.query:
            raise BankError(400, "bad_request", "Orders are looked up by ?reference=.")
        reference = reading.reference(request.query["reference"])
        return await self._tell(lambda desk: orders.find_by_reference(desk.books, reference))

    async def cancel(self, request: web.Request) -> web.Response:
        order = request.match_info["order"]
        return await self._tell(lambda desk: orders.cancel(desk, order))

    async def execute(self, request: web.Request) -> web.Response:
        key = reading.key(request)
        fee_cap = reading.whole(await reading.body_of(request), "fee_cap")
        command = execution.Command(request.match_info["order"], key, fee_cap)
        reply = await self._counter.run(partial(execution.execute, command=command))
        self._counter.ring()
        if reply.manner is Manner.BAD_GATEWAY:
            return web.Response(status=502, text=BAD_GATEWAY_PAGE, content_type="text/html")
        if reply.manner is Manner.SILENCE:
            await self._counter.hold()
            if request.transport is not None:
                request.transport.abort()
        return web.json_response(text=reply.body)

    async def statement(self, request: web.Request) -> web.Response:
        after, limit = reading.page(request)
        if request.query.get("currency") == EVERY_CURRENCY:
            return web.json_response(await self._counter.run(partial(_whole_statement, after, limit)))
        scheme = reading.scheme(request)
        return web.json_response(await self._counter.run(partial(_statement, scheme, after, limit)))

    async def _tell(self, look: Callable[[Desk], sqlite3.Row]) -> web.Response:
        answer = await self._counter.run(partial(_settle_and_tell, look))
        self._counter.ring()
        return web.json_response(answer)


def _prepare(wish: orders.Wish, desk: Desk) -> tuple[dict[str, object], bool]:
    row, is_new = orders.prepare(desk, wish)
    return orders.told(row, desk.now), is_new


def _settle_and_tell(look: Callable[[Desk], sqlite3.Row], desk: Desk) -> dict[str, object]:
    # Whoever asks after the time is told, even if the background work has not come by yet.
    execution.catch_up(desk)
    return orders.told(look(desk), desk.now)


def _statement(scheme: Scheme, after: int, limit: int, desk: Desk) -> dict[str, object]:
    execution.catch_up(desk)
    account = ledger.account_id(desk.books, "settlement", scheme.currency)
    rows = ledger.own_entries(desk.books, (account,), after, limit)
    return {
        "entries": [_told_entry(row) for row in rows],
        "currency": scheme.currency,
        "next": str(rows[-1]["id"] if rows else after),
        "balance": ledger.balance(desk.books, account),
    }


def _whole_statement(after: int, limit: int, desk: Desk) -> dict[str, object]:
    """The entries of every settlement account in the order in which they were booked."""
    execution.catch_up(desk)
    accounts = {
        scheme.currency: ledger.account_id(desk.books, "settlement", scheme.currency) for scheme in SCHEMES
    }
    rows = ledger.own_entries(desk.books, tuple(accounts.values()), after, limit)
    return {
        "entries": [_told_entry(row) for row in rows],
        "next": str(rows[-1]["id"] if rows else after),
        "balances": {currency: ledger.balance(desk.books, account) for currency, account in accounts.items()},
    }


def _told_entry(row: sqlite3.Row) -> dict[str, object]:
    return {
        "id": f"ent_{row['id']}",
        "kind": row["kind"],
        "order": row["payment"],
        "reference": row["reference"],
        "amount": row["amount"],
        "currency": row["currency"],
        "at": row["at"],
        "text": row["text"],
    }
