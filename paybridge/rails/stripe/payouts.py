"""Payouts: from our balance at Stripe to a bank account, once per order whatever becomes of the answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from paybridge.rails._frame import (
    Money,
    MoneyError,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Pending,
    Prepared,
    RailError,
    Refused,
    Reversed,
    Settled,
    ThrottledError,
    Unsure,
)
from paybridge.rails._http import LostTrackError, Said
from paybridge.rails.stripe.answers import MOST_PAGES, PAGE, REFERENCE, Handle, Id, Minor
from paybridge.rails.stripe.client import StripeClient
from paybridge.rails.stripe.links import payee

PAYOUTS: Final = "/v1/payouts"
ASK_AGAIN_AFTER: Final = timedelta(minutes=5)

REFUSALS: Final = frozenset(
    {"balance_insufficient", "bank_account_unusable", "insufficient_funds", "payouts_not_allowed"}
)
"""Codes after which no payout was made (docs.stripe.com/error-codes)."""


class Payout(Said):
    """A payout; amounts are in minor units."""

    id: Id
    status: str
    amount: Minor
    currency: str
    livemode: bool
    metadata: dict[str, str]

    @property
    def reference(self) -> str | None:
        """Our reference of the order."""
        return self.metadata.get(REFERENCE)


class _Payouts(Said):
    data: list[Payout]
    has_more: bool


class Payouts:
    """A payout has no state before it is made; it is known by the order's reference in its metadata.

    So each is looked for before it is made, and made under the order's key, which Stripe keeps for 24 hours.
    """

    def __init__(self, stripe: StripeClient) -> None:
        """Nothing is sent yet."""
        self._stripe = stripe
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def prepare(self, order: Order) -> str:
        """The handle, told to nobody; `OrderRefusedError` for a reference that paid another amount."""
        handle = Handle(payee(order.link), order.reference, order.amount)
        made = await self._named(order.reference)
        if made is not None and (made.amount, made.currency.upper()) != (
            order.amount.minor,
            order.amount.currency,
        ):
            raise OrderRefusedError("reference_reused")
        return str(handle)

    async def execute(self, ordered: Handle, key: str) -> Outcome:
        """Make the payout unless it is there already; `NotSentError` or `ThrottledError` if it was not."""
        lock = self._making.setdefault(ordered.reference, asyncio.Lock())
        async with lock:
            try:
                made = await self._named(ordered.reference)
            except LostTrackError as error:
                return Unsure(f"could not ask: {error}")
            if made is not None:
                return meaning(made, ordered)
            form = {
                "amount": str(ordered.amount.minor),
                "currency": ordered.amount.currency.lower(),
                "destination": ordered.id,
                f"metadata[{REFERENCE}]": ordered.reference,
            }
            try:
                answer = await self._stripe.post(PAYOUTS, form, key)
                if answer.complaint is None:
                    return meaning(answer.read(Payout), ordered)
            except LostTrackError as error:
                return Unsure(str(error))
            return await self._complained(ordered, answer.complaint.code)

    async def asked(self, ordered: Handle) -> Outcome:
        """Where it stands; errors as of `StripeClient`. One that was never made can still be."""
        made = await self._named(ordered.reference)
        return Prepared() if made is None else meaning(made, ordered)

    async def asked_by(self, reference: str) -> Outcome | None:
        """As `asked`, by our reference; None if no payout carries it."""
        made = await self._named(reference)
        return None if made is None else meaning(made, None)

    async def cancel(self, ordered: Handle) -> None:
        """Cancel a payout that has not left; `RailError` before it is made: Stripe cannot be told of it."""
        made = await self._named(ordered.reference)
        if made is None:
            raise RailError("a payout that was not made cannot be cancelled")
        await self._stripe.post(f"{PAYOUTS}/{made.id}/cancel", {})
        if not isinstance(await self.asked(ordered), Refused):
            raise OrderRefusedError("already_executed")

    async def _complained(self, ordered: Handle, code: str | None) -> Outcome:
        """A no, unless the payout is there all the same."""
        try:
            made = await self._named(ordered.reference)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(str(error))
        if made is not None:
            return meaning(made, ordered)
        return Refused(code) if code in REFUSALS else Unsure(f"refused with the unknown code {code!r}")

    async def _named(self, reference: str) -> Payout | None:
        """The payout that carries this reference, if it is among the newest."""
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            told = (await self._stripe.get(PAYOUTS, {"limit": PAGE, **after})).read(_Payouts)
            for one in told.data:
                if one.reference == reference:
                    return one
            if not told.has_more or not told.data:
                break
            after = {"starting_after": told.data[-1].id}
        return None


def meaning(told: Payout, ordered: Handle | None) -> Outcome:  # noqa: PLR0911  one for each state of a payout
    """What Stripe's word about a payout means; anything that does not add up is `Unsure`.

    A bank can send back for five business days what had been paid (docs.stripe.com/payouts): that it failed
    is `Reversed`, which is right before and after it was told as paid.
    """
    if told.livemode:
        return Unsure("the answer is about real money")
    try:
        amount = Money(told.amount, told.currency.upper())
    except MoneyError as error:
        return Unsure(str(error))
    if ordered is not None and (told.reference, amount) != (ordered.reference, ordered.amount):
        return Unsure(f"the answer is about another order, of {amount}")
    match told.status:
        case "pending" | "in_transit":
            return Pending(ASK_AGAIN_AFTER)
        case "paid":
            return Settled(told.id, amount, Money.zero(amount.currency))
        case "failed":
            return Reversed(told.id, amount)
        case "canceled":
            return Refused("order_cancelled")
        case _:
            return Unsure(f"unknown status {told.status[:40]!r}")
