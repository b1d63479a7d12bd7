"""Collects: PaymentIntents, created without confirming them, and confirmed under the order's key."""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakValueDictionary

from paybridge.rails._frame import (
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Pending,
    Prepared,
    RailError,
    Refused,
    Settled,
    ThrottledError,
    Unsure,
)
from paybridge.rails._http import LostTrackError
from paybridge.rails.stripe.answers import (
    ASK_AGAIN_AFTER,
    MOST_PAGES,
    NOT_FOUND,
    PAGE,
    REFERENCE,
    Handle,
    Intent,
    Intents,
    meaning,
)
from paybridge.rails.stripe.client import INTENTS, Answer, StripeClient, date_of
from paybridge.rails.stripe.coming_back import with_what_came_back
from paybridge.rails.stripe.links import Payer

WITH_ITS_CHARGE: Final = {"expand[0]": "latest_charge"}
WITH_THEIR_CHARGES: Final = {"limit": PAGE, "expand[0]": "data.latest_charge"}


class Collects:
    """Collects by PaymentIntents, whose own state keeps each from being confirmed twice, whatever the key.

    `return_url` is where the page of 3-D Secure sends people; without it, nobody is there to be asked.
    """

    def __init__(self, stripe: StripeClient, return_url: str | None) -> None:
        """Nothing is sent yet."""
        self._stripe = stripe
        self._return_url = return_url
        self._preparing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def prepare(self, order: Order) -> str:
        """Create the PaymentIntent without confirming it; one that carries the reference already is it.

        The key makes Stripe create one only; looking first helps with a peer that keeps no keys.
        """
        payer = Payer.read(order.link)
        lock = self._preparing.setdefault(order.reference, asyncio.Lock())
        async with lock:
            told = await self.named(order.reference)
            if told is None:
                form = {
                    "amount": str(order.amount.minor),
                    "currency": order.amount.currency.lower(),
                    "payment_method": payer.method,
                    "customer": payer.customer,
                    f"metadata[{REFERENCE}]": order.reference,
                    "payment_method_types[0]": payer.kind,
                }
                answer = await self._stripe.post(INTENTS, form, f"prepare-{order.reference}")
                if (complaint := answer.complaint) is not None:
                    raise OrderRefusedError(complaint.code or complaint.type)
                told = answer.read(Intent)
        ordered = (order.amount.minor, order.amount.currency.lower(), order.reference)
        if (told.amount, told.currency, told.reference) != ordered:
            raise OrderRefusedError("reference_reused")
        return str(Handle(told.id, order.reference, order.amount))

    async def execute(self, ordered: Handle, key: str) -> Outcome:
        """Confirm the PaymentIntent. A no is Stripe's only if the intent, asked again, says so itself."""
        form = {"return_url": self._return_url} if self._return_url else {}
        try:
            answer = await self._stripe.post(f"{INTENTS}/{ordered.id}/confirm", form, key)
        except LostTrackError as error:
            return Unsure(str(error))
        # From here on something was sent: nothing that fails may say that it was not.
        try:
            if answer.complaint is None:
                return await self._heard(answer, ordered)
            outcome = await self.asked(ordered)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(str(error))
        return Unsure("not confirmed") if isinstance(outcome, Prepared | NotFound) else outcome

    async def asked(self, ordered: Handle) -> Outcome:
        """Where it stands. `LostTrackError`, `NotSentError` or `ThrottledError` if that cannot be asked."""
        answer = await self._stripe.get(f"{INTENTS}/{ordered.id}", WITH_ITS_CHARGE)
        if answer.status == NOT_FOUND and answer.complaint is not None:
            return NotFound(final=False)
        return await self._heard(answer, ordered)

    async def asked_by(self, reference: str) -> Outcome | None:
        """As `asked`, by our reference; None if no PaymentIntent carries it."""
        told = await self.named(reference)
        if told is None:
            return None
        return await self._with_what_came_back(meaning(told, None), told)

    async def cancel(self, ordered: Handle) -> None:
        """Cancel the PaymentIntent; `OrderRefusedError` if it was executed already."""
        await self._stripe.post(f"{INTENTS}/{ordered.id}/cancel", {})
        outcome = await self.asked(ordered)
        if isinstance(outcome, Settled | Pending):
            raise OrderRefusedError("already_executed")
        if not isinstance(outcome, Refused):
            raise RailError(f"not cancelled: {outcome}")

    async def reference_of(self, intent: str) -> str | None:
        """Our reference of an intent; None if it is none of ours."""
        answer = await self._stripe.get(f"{INTENTS}/{intent}")
        if answer.status == NOT_FOUND and answer.complaint is not None:
            return None
        return answer.read(Intent).reference

    async def named(self, reference: str) -> Intent | None:
        """The PaymentIntent that carries this reference, if it is among the newest."""
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            told = (await self._stripe.get(INTENTS, {**WITH_THEIR_CHARGES, **after})).read(Intents)
            for one in told.data:
                if one.reference == reference:
                    return one
            if not told.has_more or not told.data:
                break
            after = {"starting_after": told.data[-1].id}
        return None

    async def _heard(self, answer: Answer, ordered: Handle) -> Outcome:
        """What it means. An intent whose payer cannot be asked, or did not come, is cancelled."""
        told = answer.read(Intent)
        outcome = meaning(told, ordered)
        if not told.waits_for_its_payer or not isinstance(outcome, Pending):
            return await self._with_what_came_back(outcome, told)
        if told.page is not None and not told.is_too_old(date_of(answer)):
            return Pending(ASK_AGAIN_AFTER, told.page)
        await self._stripe.post(f"{INTENTS}/{ordered.id}/cancel", {})
        told = (await self._stripe.get(f"{INTENTS}/{ordered.id}", WITH_ITS_CHARGE)).read(Intent)
        outcome = meaning(told, ordered)
        return Refused("authentication_required") if isinstance(outcome, Refused) else outcome

    async def _with_what_came_back(self, outcome: Outcome, told: Intent) -> Outcome:
        if not isinstance(outcome, Settled) or told.charged is None:
            return outcome
        return await with_what_came_back(self._stripe, outcome, told.charged)
