"""Stripe as a rail: an order is a PaymentIntent, created first and confirmed under one key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from weakref import WeakValueDictionary

import aiohttp
from pydantic import Field

from paybridge.rails._frame import (
    Capabilities,
    LegKind,
    Linked,
    LinkRefusedError,
    Money,
    NotASandboxError,
    NotFound,
    NotSentError,
    Order,
    OrderRefusedError,
    Outcome,
    Page,
    Pending,
    Prepared,
    Quote,
    RailError,
    RailEvent,
    Refused,
    Settled,
    StatementLine,
    ThrottledError,
    Unsure,
)
from paybridge.rails._http import LostTrackError, Said
from paybridge.rails.stripe.answers import (
    REFERENCE,
    Handle,
    Id,
    Intent,
    Intents,
    Minor,
    meaning,
)
from paybridge.rails.stripe.client import StripeClient
from paybridge.rails.stripe.options import StripeOptions, split_secrets
from paybridge.rails.stripe.webhook import read_webhook

PAGE: Final = "100"
MOST_PAGES: Final = 20
NOT_FOUND: Final = 404
INTENTS: Final = "/v1/payment_intents"


class _Balance(Said):
    livemode: bool


class _Shown(Said):
    last4: Annotated[str, Field(max_length=4)]


class _Method(Said):
    id: Id
    type: str
    card: _Shown | None = None


class _Customer(Said):
    id: Id


class _Transaction(Said):
    id: Id
    amount: Minor
    currency: str
    created: int
    source: Any = None


class _Transactions(Said):
    data: list[_Transaction]
    has_more: bool


class StripeRail:
    """Collects in euros from cards, without the payer at hand.

    Stripe takes its fee from what we receive, so that the payer's is zero. A card that wants its holder
    (3-D Secure) is refused: nobody is there to be asked.
    """

    name = "stripe"
    protocol = 1
    Options = StripeOptions

    def __init__(self, options: StripeOptions, http: aiohttp.ClientSession, /) -> None:
        """Keep the options; nothing is sent before `prove_sandbox`."""
        self._stripe = StripeClient(options, http)
        secret = options.webhook_secret
        self._webhook_secrets = () if secret is None else split_secrets(secret.get_secret_value())
        self._preparing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def capabilities(self) -> Capabilities:
        """50 cents (the least of a charge in euros) to eight digits; keys are kept for at least 24 hours.

        A cardholder can dispute a charge for 120 days (docs.stripe.com/disputes).
        """
        return Capabilities(
            currencies=frozenset({"EUR"}),
            flows=frozenset({LegKind.COLLECT}),
            links=frozenset({"payment_method"}),
            least=50,
            most=99_999_999,
            idempotency_window=timedelta(hours=24),
            not_found_is_final=False,
            money_can_come_back_for=timedelta(days=120),
        )

    async def prove_sandbox(self) -> None:
        """The key is one for tests (the options see to that), and Stripe says that it is not live."""
        try:
            answer = await self._stripe.get("/v1/balance")
        except LostTrackError as error:
            raise NotSentError(str(error)) from error
        try:
            balance = answer.read(_Balance)
        except LostTrackError as error:
            raise NotASandboxError(
                f"rails.stripe: Stripe does not say that it is in test mode: {error}"
            ) from error
        if balance.livemode:
            raise NotASandboxError("rails.stripe: Stripe says that this is real money")

    async def quote(self, order: Order) -> Quote:
        """Free for the payer, or `OrderRefusedError` if it takes no such order."""
        self._check(order)
        nothing = Money.zero(order.amount.currency)
        return Quote(nothing, nothing)

    async def link(self, details: str) -> Linked:
        """Link the PaymentMethod with this id, which only who gave Stripe the card knows."""
        if not details.startswith("pm_") or not details.replace("_", "").isalnum() or not details.isascii():
            raise LinkRefusedError("no_payment_method")
        answer = await self._stripe.get(f"/v1/payment_methods/{details}")
        if answer.complaint is not None:
            raise LinkRefusedError("no_payment_method")
        method = answer.read(_Method)
        if method.card is None:
            raise LinkRefusedError("not_a_card")
        customer = (await self._stripe.post("/v1/customers", {}, f"customer-{details}")).read(_Customer)
        attached = await self._stripe.post(
            f"/v1/payment_methods/{details}/attach", {"customer": customer.id}, f"attach-{details}"
        )
        complaint = attached.complaint
        if complaint is not None:
            raise LinkRefusedError(complaint.code or complaint.type)
        attached.read(_Method)
        return Linked(f"{method.id}:{customer.id}", f"••{method.card.last4}", verified=True)

    async def verify(self, token: str, evidence: str) -> None:  # noqa: ARG002  nothing is left to prove
        """Always `LinkRefusedError`: a link is proven when it is made."""
        raise LinkRefusedError("nothing_to_prove")

    async def unlink(self, token: str) -> None:
        """Detach the PaymentMethod; one that is not attached is gone already."""
        answer = await self._stripe.post(f"/v1/payment_methods/{_link(token)[0]}/detach", {})
        if answer.complaint is None:
            answer.read(_Method)

    async def prepare(self, order: Order) -> str:
        """Create the PaymentIntent without confirming it; one that carries the reference already is it.

        The key makes Stripe create one only; looking first helps with a peer that keeps no keys.
        """
        self._check(order)
        method, customer = _link(order.link)
        lock = self._preparing.setdefault(order.reference, asyncio.Lock())
        async with lock:
            told = await self._named(order.reference)
            if told is None:
                form = {
                    "amount": str(order.amount.minor),
                    "currency": order.amount.currency.lower(),
                    "payment_method": method,
                    "customer": customer,
                    f"metadata[{REFERENCE}]": order.reference,
                    "payment_method_types[0]": "card",
                }
                answer = await self._stripe.post(INTENTS, form, f"prepare-{order.reference}")
                if (complaint := answer.complaint) is not None:
                    raise OrderRefusedError(complaint.code or complaint.type)
                told = answer.read(Intent)
        ordered = (order.amount.minor, order.amount.currency.lower(), order.reference)
        if (told.amount, told.currency, told.reference) != ordered:
            raise OrderRefusedError("reference_reused")
        return str(Handle(told.id, order.reference, order.amount))

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        """Confirm the PaymentIntent. Its own state keeps it from being confirmed twice, whatever the key.

        A no is Stripe's only if the intent, asked again, says so itself.
        """
        ordered = Handle.read(handle)
        if fee_cap.is_negative:
            raise RailError("a fee cannot be capped below zero")
        try:
            answer = await self._stripe.post(f"{INTENTS}/{ordered.intent}/confirm", {}, key)
        except LostTrackError as error:
            return Unsure(str(error))
        # From here on something was sent: nothing that fails may say that it was not.
        try:
            if answer.complaint is None:
                return await self._heard(answer.read(Intent), ordered)
            outcome = await self._asked(ordered)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(str(error))
        return Unsure("not confirmed") if isinstance(outcome, Prepared | NotFound) else outcome

    async def query(self, reference: str, handle: str | None) -> Outcome:
        """Where the order stands. Without a handle, Stripe's newest 2,000 are looked through."""
        try:
            if handle is not None:
                ordered = Handle.read(handle)
                if ordered.reference != reference:
                    return Unsure("the handle is another order's")
                return await self._asked(ordered)
            told = await self._named(reference)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(f"could not ask: {error}")
        return NotFound(final=False) if told is None else meaning(told, None)

    async def cancel(self, handle: str) -> None:
        """Cancel the PaymentIntent; `OrderRefusedError` if it was executed already."""
        ordered = Handle.read(handle)
        await self._stripe.post(f"{INTENTS}/{ordered.intent}/cancel", {})
        outcome = await self._asked(ordered)
        if isinstance(outcome, Settled | Pending):
            raise OrderRefusedError("already_executed")
        if not isinstance(outcome, Refused):
            raise RailError(f"not cancelled: {outcome}")

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        """The order that a webhook signed with one of our secrets speaks of, or `WebhookRefusedError`."""
        return read_webhook(self._webhook_secrets, headers, raw, now)

    async def statement(self, cursor: str | None) -> Page:
        """Balance transactions as Stripe lists them, newest first, without the fees that it keeps."""
        params = {"limit": PAGE, "expand[0]": "data.source"}
        if cursor is not None:
            params["starting_after"] = cursor
        told = (await self._stripe.get("/v1/balance_transactions", params)).read(_Transactions)
        lines = [await self._line(one) for one in told.data]
        return Page(lines, lines[-1].id if lines and told.has_more else None, None)

    async def alive(self) -> None:
        """Stripe answers, and is still in test mode."""
        await self.prove_sandbox()

    async def close(self) -> None:
        """The session is not ours to close."""

    def _check(self, order: Order) -> None:
        can = self.capabilities()
        if order.kind not in can.flows:
            raise OrderRefusedError("bad_kind")
        if order.amount.currency not in can.currencies:
            raise OrderRefusedError("bad_currency")
        if not can.least <= order.amount.minor <= can.most:
            raise OrderRefusedError("bad_amount")

    async def _asked(self, ordered: Handle) -> Outcome:
        answer = await self._stripe.get(f"{INTENTS}/{ordered.intent}")
        if answer.status == NOT_FOUND and answer.complaint is not None:
            return NotFound(final=False)
        return await self._heard(answer.read(Intent), ordered)

    async def _heard(self, told: Intent, ordered: Handle) -> Outcome:
        """What it means; an intent that waits for its payer is cancelled, and what it then says counts."""
        outcome = meaning(told, ordered)
        if not told.waits_for_its_payer or not isinstance(outcome, Pending):
            return outcome
        await self._stripe.post(f"{INTENTS}/{ordered.intent}/cancel", {})
        told = (await self._stripe.get(f"{INTENTS}/{ordered.intent}")).read(Intent)
        outcome = meaning(told, ordered)
        return Refused("authentication_required") if isinstance(outcome, Refused) else outcome

    async def _named(self, reference: str) -> Intent | None:
        """The PaymentIntent that carries this reference, if it is among the newest."""
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            told = (await self._stripe.get(INTENTS, {"limit": PAGE, **after})).read(Intents)
            for one in told.data:
                if one.reference == reference:
                    return one
            if not told.has_more or not told.data:
                break
            after = {"starting_after": told.data[-1].id}
        return None

    async def _line(self, told: _Transaction) -> StatementLine:
        reference = await self._reference_of(told.source)
        try:
            amount = Money(told.amount, told.currency.upper())
            at = datetime.fromtimestamp(told.created, UTC)
        except (ValueError, OverflowError) as error:
            raise RailError(f"unreadable statement: {error}") from error
        return StatementLine(told.id, reference, amount, at)

    async def _reference_of(self, source: object) -> str | None:
        """Our reference of a charge: in its metadata, or else in that of its PaymentIntent."""
        if not isinstance(source, dict):
            return None
        metadata, intent = source.get("metadata"), source.get("payment_intent")
        if isinstance(metadata, dict) and isinstance(metadata.get(REFERENCE), str):
            return str(metadata[REFERENCE])
        if not isinstance(intent, str):
            return None
        answer = await self._stripe.get(f"{INTENTS}/{intent}")
        return answer.read(Intent).reference


def _link(token: str) -> tuple[str, str]:
    method, _, customer = token.partition(":")
    if not method.startswith("pm_") or not customer.startswith("cus_"):
        raise OrderRefusedError("bad_link")
    return method, customer
