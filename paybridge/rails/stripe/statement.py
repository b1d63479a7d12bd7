"""Our balance at Stripe, line by line: each balance transaction with our reference of what caused it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from paybridge.rails._frame import Money, Page, RailError, StatementLine
from paybridge.rails._http import Said
from paybridge.rails.stripe.answers import PAGE, REFERENCE, Id, Intent, Minor
from paybridge.rails.stripe.client import INTENTS, StripeClient

TRANSACTIONS: Final = "/v1/balance_transactions"


class _Transaction(Said):
    id: Id
    amount: Minor
    currency: str
    created: int
    source: Any = None


class _Transactions(Said):
    data: list[_Transaction]
    has_more: bool


async def read_statement(stripe: StripeClient, cursor: str | None) -> Page:
    """The page at `cursor`, newest first, without the fees that Stripe keeps; `RailError`."""
    params = {"limit": PAGE, "expand[0]": "data.source"}
    if cursor is not None:
        params["starting_after"] = cursor
    told = (await stripe.get(TRANSACTIONS, params)).read(_Transactions)
    lines = [await _line(stripe, one) for one in told.data]
    return Page(lines, lines[-1].id if lines and told.has_more else None, None)


async def _line(stripe: StripeClient, told: _Transaction) -> StatementLine:
    reference = await _reference_of(stripe, told.source)
    try:
        amount = Money(told.amount, told.currency.upper())
        at = datetime.fromtimestamp(told.created, UTC)
    except (ValueError, OverflowError) as error:
        raise RailError(f"unreadable statement: {error}") from error
    return StatementLine(told.id, reference, amount, at)


async def _reference_of(stripe: StripeClient, source: object) -> str | None:
    """Our reference of what moved: in its own metadata, or else in that of its PaymentIntent."""
    if not isinstance(source, dict):
        return None
    metadata, intent = source.get("metadata"), source.get("payment_intent")
    if isinstance(metadata, dict) and isinstance(metadata.get(REFERENCE), str):
        return str(metadata[REFERENCE])
    if not isinstance(intent, str):
        return None
    return (await stripe.get(f"{INTENTS}/{intent}")).read(Intent).reference
