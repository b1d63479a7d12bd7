"""What the conformance kit does not ask of the bank's rail: its own codes, options and hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from paybridge.bank.notices import signature
from paybridge.domain.leg import LegKind
from paybridge.rails.bank.answers import OrderTold, meaning
from paybridge.services.ports import (
    Pending,
    RailEvent,
    Refused,
    Unsure,
    WebhookRefusedError,
)
from tests.rails.bank_trial import CAP, SECRET, RunningBank

NOWHERE = "http://127.0.0.1:1"


async def test_an_order_that_was_not_executed_in_time_is_refused(bank: RunningBank) -> None:
    order = await bank.order()
    handle = await bank.rail.prepare(order)
    bank.watch.ahead = timedelta(hours=2)

    assert await bank.rail.execute(handle, "key", CAP) == Refused("order_expired")
    assert await bank.rail.query(order.reference, handle) == Refused("order_expired")
    assert await bank.rail.prepare(order) == handle


async def test_a_payout_to_an_account_that_takes_nothing_is_refused(bank: RunningBank) -> None:
    order = await bank.order_on("takes nothing", LegKind.PAYOUT)

    assert (await bank.execute(order))[1] == Refused("account_closed")


async def test_another_amount_than_ordered_is_unsure_each_time_it_is_reported(bank: RunningBank) -> None:
    order = await bank.order_on("wrong amount", LegKind.COLLECT)
    handle, outcome = await bank.execute(order)

    for told in (outcome, await bank.rail.query(order.reference, handle)):
        assert isinstance(told, Unsure)
        assert told.reason.startswith("amount differs")


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": ""},
        {"webhook-id": "\udcff"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "-1"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,§ v1 v2,AAAA"},
    ],
)
async def test_broken_webhook_headers_are_refused(bank: RunningBank, changed: dict[str, str]) -> None:
    headers, raw, now = await bank.webhook(await bank.order())
    lowered = {name.lower(): value for name, value in headers.items()}

    with pytest.raises(WebhookRefusedError):
        bank.rail.parse_webhook({**lowered, **changed}, raw, now)


@pytest.mark.parametrize(
    ("event", "body", "fine"),
    [
        ("msg_1", '{"data": {"reference": "leg-1"}, "new": 1}', True),
        ("", '{"data": {"reference": "leg-1"}}', False),
        ("msg_1", '{"type": 1, "data": {"reference": "leg-1"}}', False),
        ("msg_1", '{"data": {"reference": ""}}', False),
        ("msg_1", '{"data": {"reference": 1}}', False),
        ("msg_1", '{"data": []}', False),
        ("msg_1", "[" * 10_000, False),
        ("msg_1", "", False),
    ],
)
async def test_a_webhook_that_is_signed_must_also_make_sense(
    bank: RunningBank, event: str, body: str, *, fine: bool
) -> None:
    now = datetime.now(UTC)
    timestamp = str(int(now.timestamp()))
    headers = {
        "webhook-id": event,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature((SECRET,), event, timestamp, body),
    }
    if fine:
        assert bank.rail.parse_webhook(headers, body.encode(), now) == (RailEvent("msg_1", "leg-1"),)
    else:
        with pytest.raises(WebhookRefusedError):
            bank.rail.parse_webhook(headers, body.encode(), now)


@pytest.mark.parametrize(
    ("settles_in", "seconds"), [(None, 2), (0.0, 2), (1.5, 2), (60.0, 60), (13 * 3600.0, 300)]
)
def test_a_pending_order_is_asked_about_when_it_should_have_settled(
    settles_in: float | None, seconds: int
) -> None:
    told = OrderTold(
        id="ord_1",
        reference="leg-1",
        state="pending",
        code=None,
        amount=1250,
        currency="EUR",
        fee=0,
        remote_id="ord_1",
        settles_in=settles_in,
    )

    assert meaning(told, None, None, None) == Pending(timedelta(seconds=seconds))
