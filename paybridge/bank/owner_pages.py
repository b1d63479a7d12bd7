"""The side that account holders look at: their statements, as pages and as JSON."""

from __future__ import annotations

import io
import re
import sqlite3
from functools import partial
from pathlib import Path

import segno
from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from paybridge.bank import execution, ledger
from paybridge.bank.counter import Counter
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankError
from paybridge.bank.reading import LONGEST_TEXT
from paybridge.bank.schemes import SCHEMES, BadNumberError, Scheme, scheme_of

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+")
AMOUNT = re.compile(r"[0-9]{1,15}")
PAGES = Path(__file__).with_name("pages")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
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
        web.get("/accounts/{number}/code", pages.code),
        web.get("/accounts/{number}/code.svg", pages.code_picture),
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

    async def code(self, request: web.Request) -> web.Response:
        """What the account's QR code says, as text."""
        return web.Response(text=await self._code(request), headers=HEADERS)

    async def code_picture(self, request: web.Request) -> web.Response:
        picture = io.BytesIO()
        code = segno.make(await self._code(request), error="m", micro=False)
        code.save(picture, kind="svg", scale=4, light="white")
        return web.Response(body=picture.getvalue(), content_type="image/svg+xml", headers=HEADERS)

    async def _code(self, request: web.Request) -> str:
        scheme, account = await self._counter.run(partial(_account, request.match_info["number"]))
        amount = request.query.get("amount", "0")
        if not AMOUNT.fullmatch(amount) or int(amount) > scheme.highest_amount:
            raise BankError(400, "bad_amount", "amount is a whole number of minor units, or left out.")
        text = request.query.get("text", "")
        if len(text) > LONGEST_TEXT or not text.isprintable():
            raise BankError(400, "bad_text", f"text is at most {LONGEST_TEXT} visible characters.")
        return scheme.code(account["number"], account["holder"], int(amount), text)

    async def style(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._style, content_type="text/css", headers=HEADERS)

    async def health(self, _request: web.Request) -> web.Response:
        await self._counter.run(lambda desk: desk.books.execute("SELECT 1").fetchone())
        return web.json_response({"ok": True})

    def _page(self, name: str, **facts: object) -> web.Response:
        text = self._pages.get_template(name).render(**facts)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)


def _account(given: str, desk: Desk) -> tuple[Scheme, sqlite3.Row]:
    """The account of this number, in whichever scheme it is one."""
    for scheme in SCHEMES:
        try:
            account = ledger.by_number(desk.books, scheme.read(given).written)
        except BadNumberError:
            continue
        if account is not None:
            return scheme, account
    raise BankError(404, "unknown_account", "No account with this number was opened here.")


def _statement(given: str, desk: Desk) -> dict[str, object]:
    execution.catch_up(desk)
    scheme, account = _account(given, desk)
    return {
        scheme.detail: account["number"],
        "number": account["number"],
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
    scheme = scheme_of(currency)
    assert scheme is not None  # accounts are opened in the currency of a scheme
    digits = scheme.digits
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return f"{sign}{whole:,}.{rest:0{digits}d}\N{NO-BREAK SPACE}{currency}"


def _spaced(number: str) -> str:
    if not IBAN.fullmatch(number):
        return number
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
