"""Reads what requests bring, and says plainly what is wrong with it."""

from __future__ import annotations

import json
import re
import unicodedata

from aiohttp import web

from paybridge.bank.errors import BankError
from paybridge.bank.schemes import SCHEMES, Scheme, scheme_of
from paybridge.bank.scripts import Direction

LONGEST_TEXT = 140
REFERENCE = re.compile(r"[\x21-\x7e]{1,64}")
KEY = re.compile(r"[\x21-\x7e]{1,255}")
HIGHEST_PAGE = 1000


async def body_of(request: web.Request) -> dict[str, object]:
    """The JSON object in a request's body, or `BankError` 400."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise BankError(400, "bad_request", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BankError(400, "bad_request", "The body is not a JSON object.")
    return body


def text(body: dict[str, object], name: str) -> str:
    """A string without control characters."""
    value = body.get(name)
    # A lone surrogate is legal in JSON, but no database and no person can read it.
    if not isinstance(value, str) or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in value):
        raise BankError(400, "bad_request", f"{name} must be a string without control characters.")
    return value


def payment_text(body: dict[str, object]) -> str:
    """The words that go with a payment, which may be left out."""
    words = text(body, "text") if "text" in body else ""
    if len(words) > LONGEST_TEXT:
        raise BankError(422, "bad_text", f"text has at most {LONGEST_TEXT} characters.")
    return words


def reference(value: str) -> str:
    """A caller's own name for an order."""
    if not REFERENCE.fullmatch(value):
        raise BankError(422, "bad_reference", "reference is 1 to 64 visible ASCII characters.")
    return value


def whole(body: dict[str, object], name: str) -> int:
    """A whole number; true and 1.0 are none."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BankError(400, "bad_request", f"{name} must be a whole number of minor units.")
    return value


def direction(body: dict[str, object]) -> Direction:
    """Which way the money goes."""
    try:
        return Direction(text(body, "direction"))
    except ValueError as error:
        raise BankError(400, "bad_request", "direction is collect, payout or direct.") from error


def key(request: web.Request) -> str:
    """The idempotency key, without which nothing is executed."""
    given = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(given):
        raise BankError(400, "bad_key", "Idempotency-Key is 1 to 255 visible ASCII characters.")
    return given


def scheme(request: web.Request) -> Scheme:
    """The scheme whose settlement account is asked about: euros unless `currency` names another."""
    found = scheme_of(request.query.get("currency", SCHEMES[0].currency))
    if found is None:
        known = ", ".join(scheme.currency for scheme in SCHEMES)
        raise BankError(400, "bad_currency", f"currency is one of: {known}.")
    return found


def page(request: web.Request) -> tuple[int, int]:
    """Where a page of the statement begins, and how long it may be."""
    after, limit = request.query.get("after", "") or "0", request.query.get("limit", "100")
    if not re.fullmatch(r"[0-9]{1,18}", after):
        raise BankError(400, "bad_cursor", "after is the next of an earlier page.")
    if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= HIGHEST_PAGE:
        raise BankError(400, "bad_request", f"limit is a number from 1 to {HIGHEST_PAGE}.")
    return int(after), int(limit)
