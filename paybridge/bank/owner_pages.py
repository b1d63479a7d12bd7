"""The side that account holders look at: their statements, as pages and as JSON."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from paybridge.bank import execution, ledger
from paybridge.bank.counter import Counter
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.schemes import SCHEMES, BadNumberError

PAGES = Path(__file__).with_name("pages")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def owner_routes(counter: Counter) -> list[web.RouteDef]:
    """The routes; none asks who is there, since no money here is real."""
    pages = _OwnerPages(counter)
    return [
        web.get("/", pages.accounts),
        web.get("/accounts/{number}/statement", pages.statement),
        web.get("/bank.css", pages.style),
        web.get("/healthz", pages.health),
    ]


class _OwnerPages:
    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._style = (PAGES / "bank.css").read_text()
        self._pages = Environment(
            loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._pages.filters["money"] = _money
        self._pages.filters["spaced"] = _spaced

    async def accounts(self, _request: web.Request) -> web.Response:
        accounts = await self._counter.run(lambda desk: ledger.customers(desk.books))
        return self._page("accounts.html", accounts=accounts)

    async def statement(self, request: web.Request) -> web.Response:
        statement = await self._counter.run(partial(_statement, request.match_info["number"]))
        self._counter.ring()
        if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
            return self._page("statement.html", statement=statement)
        return web.json_response(statement, headers={"Cache-Control": "no-store"})

    async def style(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._style, content_type="text/css", headers=HEADERS)

    async def health(self, _request: web.Request) -> web.Response:
        await self._counter.run(lambda desk: desk.books.execute("SELECT 1").fetchone())
        return web.json_response({"ok": True})

    def _page(self, name: str, **facts: object) -> web.Response:
        text = self._pages.get_template(name).render(**facts)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)


def _statement(given: str, desk: Desk) -> dict[str, object]:
    execution.settle_due(desk)
    account = None
    for scheme in SCHEMES:
        try:
            account = ledger.by_number(desk.books, scheme.read(given).written)
        except BadNumberError:
            continue
    if account is None:
        raise BankError(404, "unknown_account", "No account with this number was opened here.")
    return {
        "iban": account["number"],
        "holder": account["holder"],
        "balance": account["balance"],
        "currency": account["currency"],
        "entries": [
            {
                "id": f"ent_{row['id']}",
                "at": row["at"],
                "amount": row["amount"],
                "text": row["text"],
                "counterparty": row["counterparty"],
                "balance_after": row["balance_after"],
            }
            for row in ledger.told_entries(desk.books, account["id"])
        ],
    }


def _money(amount: int, currency: str) -> str:
    digits = next(scheme.digits for scheme in SCHEMES if scheme.currency == currency)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return f"{sign}{whole:,}.{rest:0{digits}d}\N{NO-BREAK SPACE}{currency}"


def _spaced(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
