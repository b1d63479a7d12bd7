"""Refunds: what was collected goes back to where it came from, whole or in part, once per key."""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakValueDictionary

from paybridge.rails._frame import (
    Money,
    NotSentError,
    Outcome,
    Pending,
    Refused,
    Reversed,
    Settled,
    ThrottledError,
    Unsure,
)
from paybridge.rails._http import LostTrackError, Said
from paybridge.rails.stripe.answers import PAGE, REFERENCE, Handle, Id, Minor
from paybridge.rails.stripe.client import StripeClient
from paybridge.rails.stripe.collects import Collects
from paybridge.rails.stripe.payouts import ASK_AGAIN_AFTER

REFUNDS: Final = "/v1/refunds"
KEY: Final = "key"
"""The name under which our key stands in a refund's metadata."""

REFUSALS: Final = frozenset(
    {"balance_insufficient", "charge_already_refunded", "charge_disputed", "insufficient_funds"}
)
"""Codes after which no refund was made (docs.stripe.com/error-codes)."""


class _Refund(Said):
    id: Id
    status: str
    amount: Minor
    currency: str
    metadata: dict[str, str]


class _Refunds(Said):
    data: list[_Refund]
    has_more: bool


class Refunds:
    """A refund carries our key in its metadata, and is looked for before it is made."""

    def __init__(self, stripe: StripeClient, collects: Collects) -> None:
        """Nothing is sent yet."""
        self._stripe = stripe
        self._collects = collects
        self._giving_back: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def refund(self, ordered: Handle, amount: Money, key: str) -> Outcome:
        """Give back `amount`, as `Refunding` says. One at a time for each order, so that none is too much."""
        lock = self._giving_back.setdefault(ordered.id, asyncio.Lock())
        async with lock:
            try:
                stands = await self._collects.asked(ordered)
                if not isinstance(stands, Settled | Reversed):
                    return stands if isinstance(stands, Pending | Unsure) else Refused("not_settled")
                made = await self._made(ordered, key)
            except LostTrackError as error:
                return Unsure(f"could not ask: {error}")
            if made is not None:
                return _meaning(made, amount)
            back = stands.amount.minor if isinstance(stands, Reversed) else 0
            if amount.currency != ordered.amount.currency or not (
                0 < amount.minor <= ordered.amount.minor - back
            ):
                return Refused("more_than_is_left")
            return await self._make(ordered, amount, key)

    async def _make(self, ordered: Handle, amount: Money, key: str) -> Outcome:
        form = {
            "payment_intent": ordered.id,
            "amount": str(amount.minor),
            f"metadata[{KEY}]": key,
            f"metadata[{REFERENCE}]": ordered.reference,
        }
        try:
            answer = await self._stripe.post(REFUNDS, form, key)
            if answer.complaint is None:
                return _meaning(answer.read(_Refund), amount)
        except LostTrackError as error:
            return Unsure(str(error))
        code = answer.complaint.code
        try:
            made = await self._made(ordered, key)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(str(error))
        if made is not None:
            return _meaning(made, amount)
        return Refused(code) if code in REFUSALS else Unsure(f"refused with the unknown code {code!r}")

    async def _made(self, ordered: Handle, key: str) -> _Refund | None:
        """The refund of this order that carries the key; `LostTrackError` if not all of them can be seen."""
        told = (await self._stripe.get(REFUNDS, {"payment_intent": ordered.id, "limit": PAGE})).read(_Refunds)
        found = next((one for one in told.data if one.metadata.get(KEY) == key), None)
        if found is None and told.has_more:
            raise LostTrackError("more refunds than are listed at once")
        return found


def _meaning(told: _Refund, amount: Money) -> Outcome:
    if (told.amount, told.currency.upper()) != (amount.minor, amount.currency):
        return Unsure("this key has given back another amount")
    match told.status:
        case "succeeded":
            return Settled(told.id, amount, Money.zero(amount.currency))
        case "pending" | "requires_action":
            return Pending(ASK_AGAIN_AFTER)
        case "failed" | "canceled":
            return Refused("refund_failed")
        case _:
            return Unsure(f"unknown status {told.status[:40]!r}")
