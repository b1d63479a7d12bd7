"""Stripe's own SDK reads what our rail has made, and agrees with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from paybridge.conformance.inbox import Inbox
from paybridge.conformance.trial import Behaviour
from paybridge.domain.money import Money
from paybridge.services.ports import Order, Pending, Refused, Settled, WebhookRefusedError
from tests.rails import localstripe, stripe_sdk
from tests.rails.stripe_trial import CARDS, DEBITED, KEY, PAID_AT_ONCE, SECRET, StripeStand

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (localstripe.is_installed() and stripe_sdk.is_installed()),
        reason="python -m tests.rails.localstripe",
    ),
]
FREE = Money.zero("EUR")


@pytest.fixture
async def stand() -> AsyncIterator[StripeStand]:
    async with aiohttp.ClientSession() as http, Inbox() as inbox, localstripe.LocalStripe() as peer:
        yield StripeStand(peer.address, http, inbox)


def by_reference(found: list[dict[str, Any]]) -> dict[str, tuple[str, Money]]:
    return {
        one["metadata"]["reference"]: (one["status"], Money(one["amount"], one["currency"].upper()))
        for one in found
    }


async def executed(stand: StripeStand, order: Order) -> tuple[str, object]:
    handle = await stand.rail().prepare(order)
    return handle, await stand.rail().execute(handle, f"key-{order.reference}", FREE)


async def test_the_sdk_agrees_on_what_every_order_is_for_and_where_it_stands(stand: StripeStand) -> None:
    paid = await stand.order_on(CARDS[Behaviour.SETTLES])
    refused = await stand.order_on(CARDS[Behaviour.REFUSES])
    debit, payout = await stand.order_by_debit(DEBITED), await stand.order_to(PAID_AT_ONCE)
    waits = await stand.order_on(CARDS[Behaviour.SETTLES])
    outcomes = [type((await executed(stand, order))[1]) for order in (paid, refused, debit, payout)]
    await stand.rail().prepare(waits)
    found = await stripe_sdk.read(stand.address, KEY)

    assert outcomes == [Settled, Refused, Pending, Settled]
    assert found["balance_is_live"] is False
    assert by_reference(found["intents"]) == {
        paid.reference: ("succeeded", paid.amount),
        refused.reference: ("requires_payment_method", refused.amount),
        debit.reference: ("processing", debit.amount),
        waits.reference: ("requires_confirmation", waits.amount),
    }
    assert by_reference(found["payouts"]) == {payout.reference: ("paid", payout.amount)}
    assert found["refunds"] == []


async def test_the_sdk_agrees_on_a_refund_in_part(stand: StripeStand) -> None:
    order = await stand.order_on(CARDS[Behaviour.SETTLES])
    handle, _ = await executed(stand, order)
    part = Money(300, "EUR")
    refunded = await stand.rail().refund(order.reference, handle, part, "refund-1")
    found = await stripe_sdk.read(stand.address, KEY)
    (refund,) = found["refunds"]

    assert isinstance(refunded, Settled)
    assert refund["id"] == refunded.remote_id
    assert refund["metadata"] == {"key": "refund-1", "reference": order.reference}
    assert (refund["status"], refund["amount"], refund["currency"]) == ("succeeded", 300, "eur")


async def test_the_sdk_takes_the_webhooks_that_we_take_and_refuses_those_that_we_refuse(
    stand: StripeStand,
) -> None:
    order = await stand.order_on(CARDS[Behaviour.SETTLES])
    (came,) = await stand.webhooks(order)
    raw, signature = came.raw.decode(), came.headers["Stripe-Signature"]
    (event,) = stand.rail().parse_webhook(came.headers, came.raw, datetime.now(UTC))
    good = await stripe_sdk.read(stand.address, KEY, (raw, signature, SECRET))
    forged = await stripe_sdk.read(stand.address, KEY, (raw + " ", signature, SECRET))

    assert good["event"] == event.id
    assert forged["event"] is None
    with pytest.raises(WebhookRefusedError):
        stand.rail().parse_webhook(came.headers, came.raw + b" ", datetime.now(UTC))
