"""Stripe as a rail: what it can do, its proof of being in test mode, and which part of it takes an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import aiohttp

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
    Outcome,
    Page,
    Quote,
    RailError,
    RailEvent,
    ThrottledError,
    Unsure,
    check_order,
)
from paybridge.rails._http import LostTrackError, Said
from paybridge.rails.stripe import links
from paybridge.rails.stripe.answers import Handle
from paybridge.rails.stripe.client import StripeClient
from paybridge.rails.stripe.collects import Collects
from paybridge.rails.stripe.options import StripeOptions, split_secrets
from paybridge.rails.stripe.payouts import Payouts
from paybridge.rails.stripe.refunds import Refunds
from paybridge.rails.stripe.statement import read_statement
from paybridge.rails.stripe.webhook import read_webhook

CAN_COME_BACK_FOR: Final = timedelta(days=396)
"""Thirteen months: as long as a payer may say that a SEPA debit was not authorised (EPC016-06, section 4.4).

Any debit can be taken back for eight weeks, and a charge of a card be disputed for 120 days
(docs.stripe.com/disputes).
"""


class _Balance(Said):
    livemode: bool


class StripeRail:
    """Collects in euros from cards and by SEPA debit, and pays out to bank accounts.

    Stripe takes its fee from what we receive, so that the payer's is zero.
    """

    name = "stripe"
    protocol = 1
    Options = StripeOptions

    def __init__(self, options: StripeOptions, http: aiohttp.ClientSession, /) -> None:
        """Keep the options; nothing is sent before `prove_sandbox`."""
        self._stripe = StripeClient(options, http)
        self._collects = Collects(self._stripe, options.return_url)
        self._payouts = Payouts(self._stripe)
        self._refunds = Refunds(self._stripe, self._collects)
        secret = options.webhook_secret
        self._webhook_secrets = () if secret is None else split_secrets(secret.get_secret_value())

    def capabilities(self) -> Capabilities:
        """50 cents (the least of a charge in euros) to eight digits; keys are kept for at least 24 hours."""
        return Capabilities(
            currencies=frozenset({links.EURO}),
            flows=frozenset({LegKind.COLLECT, LegKind.PAYOUT}),
            links=frozenset({"payment_method", "bank_account"}),
            least=50,
            most=99_999_999,
            idempotency_window=timedelta(hours=24),
            not_found_is_final=False,
            money_can_come_back_for=CAN_COME_BACK_FOR,
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
        """Link the PaymentMethod or bank account with this id, which only who gave it to Stripe knows."""
        return await links.link(self._stripe, details)

    async def verify(self, token: str, evidence: str) -> None:  # noqa: ARG002  nothing is left to prove
        """Always `LinkRefusedError`: a link is proven when it is made."""
        raise LinkRefusedError("nothing_to_prove")

    async def unlink(self, token: str) -> None:
        """As `links.unlink`."""
        await links.unlink(self._stripe, token)

    async def prepare(self, order: Order) -> str:
        """As `Collects.prepare` or `Payouts.prepare`."""
        self._check(order)
        if order.kind is LegKind.PAYOUT:
            return await self._payouts.prepare(order)
        return await self._collects.prepare(order)

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        """As `Collects.execute` or `Payouts.execute`."""
        ordered = Handle.read(handle)
        if fee_cap.is_negative:
            raise RailError("a fee cannot be capped below zero")
        return await (self._payouts if ordered.pays_out else self._collects).execute(ordered, key)

    async def query(self, reference: str, handle: str | None) -> Outcome:
        """Where the order stands. Without a handle, Stripe's newest 2,000 of each kind are looked through."""
        try:
            if handle is None:
                outcome = await self._collects.asked_by(reference)
                outcome = outcome or await self._payouts.asked_by(reference)
                return outcome or NotFound(final=False)
            ordered = Handle.read(handle)
            if ordered.reference != reference:
                return Unsure("the handle is another order's")
            return await (self._payouts if ordered.pays_out else self._collects).asked(ordered)
        except (LostTrackError, NotSentError, ThrottledError) as error:
            return Unsure(f"could not ask: {error}")

    async def cancel(self, handle: str) -> None:
        """As `Collects.cancel` or `Payouts.cancel`."""
        ordered = Handle.read(handle)
        await (self._payouts if ordered.pays_out else self._collects).cancel(ordered)

    async def refund(self, reference: str, handle: str, amount: Money, key: str) -> Outcome:
        """As `Refunds.refund`; what was paid out cannot be refunded."""
        ordered = Handle.read(handle)
        if ordered.reference != reference or ordered.pays_out:
            raise RailError("this is no collect of that reference")
        return await self._refunds.refund(ordered, amount, key)

    async def reference_of(self, their_id: str) -> str | None:
        """Our reference of a PaymentIntent, which is what Stripe names a dispute's order by."""
        return await self._collects.reference_of(their_id)

    def parse_webhook(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> Sequence[RailEvent]:
        """The order that a webhook signed with one of our secrets speaks of, or `WebhookRefusedError`."""
        return read_webhook(self._webhook_secrets, headers, raw, now)

    async def statement(self, cursor: str | None) -> Page:
        """As `read_statement`."""
        return await read_statement(self._stripe, cursor)

    async def alive(self) -> None:
        """Stripe answers, and is still in test mode."""
        await self.prove_sandbox()

    async def close(self) -> None:
        """The session is not ours to close."""

    def _check(self, order: Order) -> None:
        check_order(order, self.capabilities())
        if order.kind is LegKind.PAYOUT:
            links.payee(order.link)
        else:
            links.Payer.read(order.link)
