"""What the conformance kit does not ask of Stripe's rail: its codes, options, cards and signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paybridge.conformance.inbox import Inbox
from paybridge.domain.money import Money
from paybridge.rails.stripe.answers import REFUSALS, Handle, Intent, meaning
from paybridge.rails.stripe.options import StripeOptions
from paybridge.rails.stripe.webhook import read_webhook
from paybridge.services.ports import (
    LinkRefusedError,
    Pending,
    Prepared,
    RailError,
    RailEvent,
    Refused,
    Settled,
    Unsure,
    WebhookRefusedError,
)
from tests.rails.localstripe import LocalStripe, is_installed
from tests.rails.stripe_trial import KEY, WANTS_ITS_HOLDER, StripeStand

needs_localstripe = pytest.mark.skipif(not is_installed(), reason="python -m tests.rails.localstripe")
FREE = Money.zero("EUR")
ORDERED = Handle("pi_1", "leg-1", Money(1250, "EUR"))
TOLD = {
    "id": "pi_1",
    "status": "succeeded",
    "amount": 1250,
    "currency": "eur",
    "livemode": False,
    "metadata": {"reference": "leg-1"},
    "latest_charge": "ch_1",
}
SECRET = "whsec_1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = {"id": "evt_1", "livemode": False, "data": {"object": {"metadata": {"reference": "leg-1"}}}}


def told(**changed: object) -> Intent:
    return Intent.model_validate({**TOLD, **changed})


def signed(body: bytes, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    seconds = int(at.timestamp())
    signature = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={seconds},v1={signature},v0=ignored"}


@pytest.fixture
async def stand() -> AsyncIterator[StripeStand]:
    async with aiohttp.ClientSession() as http, Inbox() as inbox, LocalStripe() as peer:
        yield StripeStand(peer.address, http, inbox)


@needs_localstripe
async def test_a_card_that_wants_its_holder_is_refused_and_charges_nothing(stand: StripeStand) -> None:
    order = await stand.order_on(WANTS_ITS_HOLDER)
    rail = stand.rail()
    handle = await rail.prepare(order)

    assert await rail.execute(handle, "key", FREE) == Refused("authentication_required")
    assert await rail.query(order.reference, handle) == Refused("order_cancelled")
    assert await stand.moved(order.reference) == []


@needs_localstripe
async def test_a_card_is_linked_by_the_id_of_its_payment_method_alone(stand: StripeStand) -> None:
    order = await stand.order()
    assert order is not None
    method, _, _ = order.link.partition(":")
    linked = await stand.rail().link(method)
    await stand.rail().unlink(linked.token)
    await stand.rail().unlink(linked.token)

    assert (linked.masked, linked.verified) == ("••4242", True)
    for nonsense in ("4242424242424242", "pm_", "pm_nobody", "pm_../customers", "pm_é"):
        with pytest.raises(LinkRefusedError):
            await stand.rail().link(nonsense)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Settled),
        ({"latest_charge": {"id": "ch_1"}}, Settled),
        ({"amount_received": 1250}, Settled),
        ({"amount_received": 1249}, Unsure),
        ({"amount": 1}, Unsure),
        ({"currency": "usd"}, Unsure),
        ({"currency": "xxy"}, Unsure),
        ({"livemode": True}, Unsure),
        ({"id": "pi_2"}, Unsure),
        ({"metadata": {}}, Unsure),
        ({"latest_charge": None}, Unsure),
        ({"latest_charge": {"id": 1}}, Unsure),
        ({"status": "requires_confirmation"}, Prepared),
        ({"status": "processing"}, Pending),
        ({"status": "requires_capture"}, Unsure),
        ({"status": "canceled"}, Refused),
        ({"status": "requires_payment_method"}, Unsure),
        ({"status": "requires_payment_method", "last_payment_error": {"code": "new_code"}}, Unsure),
    ],
)
def test_only_an_intent_that_adds_up_is_settled(changed: dict[str, object], outcome: type) -> None:
    assert type(meaning(told(**changed), ORDERED)) is outcome


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_listed_code_is_a_refusal(code: str) -> None:
    failed = told(status="requires_payment_method", last_payment_error={"code": code})

    assert meaning(failed, ORDERED) == Refused(code)


@pytest.mark.parametrize(
    "written", ["", "pi_1", "pi_1:x:EUR:leg", "pi_1:1:XXY:leg", "pi_../a:1:EUR:leg", "ch_1:1:EUR:leg"]
)
def test_what_is_no_handle_is_refused(written: str) -> None:
    with pytest.raises(RailError):
        Handle.read(written)


@given(reference=st.text(max_size=50), minor=st.integers(1, 10**8))
def test_a_handle_is_read_as_it_was_written(reference: str, minor: int) -> None:
    handle = Handle("pi_1", reference, Money(minor, "EUR"))

    assert Handle.read(str(handle)) == handle


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"api_key": "sk_live_abcdefgh"}, "only test keys"),
        ({"api_key": "pk_test_abcdefgh"}, "only test keys"),
        ({"api_key": "sk_test_"}, "only test keys"),
        ({"api_key": "sk_test_abcd\nefgh"}, "only test keys"),
        ({"url": "https://api.stripe.com.example.org"}, "must be https://api.stripe.com"),
        ({"url": "http://api.stripe.com"}, "must be https://api.stripe.com"),
        ({"url": "http://user@127.0.0.1:1"}, "must be https://api.stripe.com"),
        ({"url": "http://127.0.0.1:99999"}, "must be https://api.stripe.com"),
        ({"webhook_secret": "sesame"}, "is written whsec_"),
        ({"webhook_secret": "whsec_a,"}, "is written whsec_"),
    ],
)
def test_wrong_options_are_told_in_one_line(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StripeOptions.model_validate({"api_key": KEY, **wrong})

    (error,) = refused.value.errors(include_input=False)
    assert message in error["msg"]


def test_a_webhook_by_one_of_our_secrets_names_its_order() -> None:
    body = json.dumps(EVENT).encode()

    assert read_webhook(("whsec_0", SECRET), signed(body), body, NOW) == (RailEvent("evt_1", "leg-1"),)


def test_a_webhook_about_nothing_that_we_ordered_is_genuine_and_no_event() -> None:
    body = json.dumps({**EVENT, "data": {"object": {"amount": 3}}}).encode()

    assert read_webhook((SECRET,), signed(body), body, NOW) == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", json.dumps({**EVENT, "livemode": True}).encode()])
def test_a_webhook_that_is_signed_must_also_make_sense(body: bytes) -> None:
    with pytest.raises(WebhookRefusedError):
        read_webhook((SECRET,), signed(body), body, NOW)


@pytest.mark.parametrize("header", ["", "t=1", "v1=00", "t=soon,v1=", "t=1,v1=§", "t=\udcff,v1=\udcff"])
def test_a_broken_signature_is_refused(header: str) -> None:
    with pytest.raises(WebhookRefusedError):
        read_webhook((SECRET,), {"stripe-signature": header}, b"{}", NOW)
