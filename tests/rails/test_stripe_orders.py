"""Stripe's rail by SEPA debit, to bank accounts, by 3-D Secure, and with money that comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from paybridge.conformance.inbox import Inbox
from paybridge.conformance.proxy import Fault, FaultProxy
from paybridge.conformance.trial import Behaviour
from paybridge.domain.money import Money
from paybridge.rails.stripe.answers import HOLDER_HAS
from paybridge.rails.stripe.payouts import Payout, meaning
from paybridge.services.ports import (
    LinkRefusedError,
    NotFound,
    Order,
    OrderRefusedError,
    Pending,
    Prepared,
    RailError,
    Refused,
    Reversed,
    Settled,
    Unsure,
)
from tests.rails.localstripe import LocalStripe, is_installed
from tests.rails.stripe_trial import (
    CARDS,
    DEBIT_FAILS,
    DEBITED,
    NOT_WHO_THEY_SAY,
    PAID_AT_ONCE,
    PAID_LATE,
    WANTS_ITS_HOLDER,
    StripeStand,
)

pytestmark = pytest.mark.skipif(not is_installed(), reason="python -m tests.rails.localstripe")
FREE = Money.zero("EUR")
AMOUNT = Money(1250, "EUR")


@pytest.fixture
async def stand() -> AsyncIterator[StripeStand]:
    async with aiohttp.ClientSession() as http, Inbox() as inbox, LocalStripe() as peer:
        yield StripeStand(peer.address, http, inbox)


async def settled_on_a_card(stand: StripeStand) -> tuple[Order, str, Settled]:
    order, rail = await stand.order_on(CARDS[Behaviour.SETTLES]), stand.rail()
    handle = await rail.prepare(order)
    outcome = await rail.execute(handle, "key", FREE)
    assert isinstance(outcome, Settled)
    return order, handle, outcome


async def test_a_debit_is_pending_until_the_bank_has_paid(stand: StripeStand) -> None:
    order, rail = await stand.order_by_debit(DEBITED), stand.rail()
    handle = await rail.prepare(order)
    first = await rail.execute(handle, "key", FREE)
    again = await rail.execute(handle, "key", FREE)
    nothing = await stand.moved(order.reference)
    await stand.let_settle()
    late = await rail.query(order.reference, None)

    assert order.link.endswith(":sepa_debit")
    assert isinstance(first, Pending)
    assert isinstance(again, Pending)
    assert nothing == []
    assert isinstance(late, Settled)
    assert await stand.moved(order.reference) == [AMOUNT]


async def test_a_debit_that_its_bank_refuses_later_is_refused_and_moves_nothing(stand: StripeStand) -> None:
    order, rail = await stand.order_by_debit(DEBIT_FAILS), stand.rail()
    handle = await rail.prepare(order)
    first = await rail.execute(handle, "key", FREE)
    await stand.let_settle()

    assert isinstance(first, Pending)
    assert await rail.query(order.reference, handle) == Refused("card_declined")
    assert await rail.execute(handle, "key", FREE) == Refused("card_declined")
    assert await stand.moved(order.reference) == []


@pytest.mark.parametrize(
    ("status", "back"), [("needs_response", 1250), ("lost", 1250), ("warning_needs_response", 0)]
)
async def test_a_dispute_takes_a_settled_charge_back_and_an_inquiry_does_not(
    stand: StripeStand, status: str, back: int
) -> None:
    order, handle, settled = await settled_on_a_card(stand)
    await stand.tell("dispute", {"charge": settled.remote_id, "amount": "1250", "status": status})
    outcome = Reversed(settled.remote_id, Money(back, "EUR")) if back else settled

    for known in (handle, None):
        assert await stand.rail().query(order.reference, known) == outcome
    assert await stand.rail().execute(handle, "key", FREE) == outcome


async def test_a_dispute_of_an_unknown_kind_or_over_more_than_was_charged_is_unsure(
    stand: StripeStand,
) -> None:
    for amount, status in (("1250", "new_status"), ("1251", "lost")):
        order, handle, settled = await settled_on_a_card(stand)
        await stand.tell("dispute", {"charge": settled.remote_id, "amount": amount, "status": status})

        assert isinstance(await stand.rail().query(order.reference, handle), Unsure)


@pytest.mark.parametrize("asked", ["payment_methods", "disputes"])
async def test_what_stripe_says_of_real_money_is_refused(stand: StripeStand, asked: str) -> None:
    order, handle, settled = await settled_on_a_card(stand)
    await stand.tell("dispute", {"charge": settled.remote_id, "amount": "1250", "status": "lost"})
    async with FaultProxy(stand.address) as proxy:
        proxy.where, proxy.rewrite = f"^GET /v1/{asked}", stand.as_if_live
        rail = stand.rail(proxy.address)
        outcome = await rail.query(order.reference, handle)

        if asked == "disputes":
            assert isinstance(outcome, Unsure)
        else:
            with pytest.raises(LinkRefusedError, match="real_money"):
                await rail.link(order.link.partition(":")[0])


async def test_the_statement_tells_a_dispute_under_the_reference_of_its_order(stand: StripeStand) -> None:
    order, _, settled = await settled_on_a_card(stand)
    await stand.tell("dispute", {"charge": settled.remote_id, "amount": "1250", "status": "lost"})
    page = await stand.rail().statement(None)

    assert sorted(line.amount.minor for line in page.lines if line.reference == order.reference) == [
        -1250,
        1250,
    ]


async def test_a_refund_in_part_that_somebody_made_at_stripe_is_seen(stand: StripeStand) -> None:
    order, handle, settled = await settled_on_a_card(stand)
    await stand.ask("POST", "/v1/refunds", {"charge": settled.remote_id, "amount": "300"})

    assert await stand.rail().query(order.reference, handle) == Reversed(settled.remote_id, Money(300, "EUR"))


async def test_a_payout_is_pending_until_the_bank_has_it(stand: StripeStand) -> None:
    order, rail = await stand.order_to(PAID_LATE), stand.rail()
    unknown = await rail.query(order.reference, None)
    handle = await rail.prepare(order)
    prepared = await rail.query(order.reference, handle)
    first = await rail.execute(handle, "key", FREE)
    again = await stand.rail().execute(handle, "another", FREE)
    (payout,) = (await stand.ask("GET", "/v1/payouts"))["data"]
    await stand.ask("POST", f"/v1/payouts/{payout['id']}", {"status": "paid"})
    done = Settled(payout["id"], AMOUNT, FREE)

    assert unknown == NotFound(final=False)
    assert prepared == Prepared()
    assert isinstance(first, Pending)
    assert isinstance(again, Pending)
    assert payout["destination"] == PAID_LATE
    for known in (handle, None):
        assert await rail.query(order.reference, known) == done
    assert await stand.moved(order.reference) == [AMOUNT]


async def test_a_payout_that_the_bank_sends_back_is_reversed(stand: StripeStand) -> None:
    order, rail = await stand.order_to(PAID_AT_ONCE), stand.rail()
    handle = await rail.prepare(order)
    done = await rail.execute(handle, "key", FREE)
    assert isinstance(done, Settled)
    await stand.ask("POST", f"/v1/payouts/{done.remote_id}", {"status": "failed"})

    assert await rail.query(order.reference, handle) == Reversed(done.remote_id, AMOUNT)


@pytest.mark.parametrize(
    "fault", [Fault.DROPPED_AFTER, Fault.BAD_GATEWAY_AFTER, Fault.CUT_JSON, Fault.HALF_CLOSED]
)
async def test_a_payout_whose_answer_was_lost_is_made_once(stand: StripeStand, fault: Fault) -> None:
    order = await stand.order_to(PAID_AT_ONCE)
    async with FaultProxy(stand.address) as proxy:
        handle = await stand.rail().prepare(order)
        proxy.where, proxy.fault = "^POST /v1/payouts$", fault
        first = await stand.rail(proxy.address).execute(handle, "key", FREE)
    again = await stand.rail().execute(handle, "key", FREE)

    assert isinstance(first, Unsure)
    assert isinstance(again, Settled)
    assert await stand.moved(order.reference) == [AMOUNT]


async def test_a_payout_can_be_cancelled_only_while_it_is_on_its_way(stand: StripeStand) -> None:
    rail = stand.rail()
    late, at_once = await stand.order_to(PAID_LATE), await stand.order_to(PAID_AT_ONCE)
    handle, paid = await rail.prepare(late), await rail.prepare(at_once)
    with pytest.raises(RailError):
        await rail.cancel(handle)
    await rail.execute(handle, "key", FREE)
    await rail.cancel(handle)
    await rail.execute(paid, "key-2", FREE)

    assert await rail.query(late.reference, handle) == Refused("order_cancelled")
    with pytest.raises(OrderRefusedError):
        await rail.cancel(paid)


async def test_only_bank_accounts_are_paid_out_to_and_only_cards_and_debits_are_collected_from(
    stand: StripeStand,
) -> None:
    collect = await stand.order_on(CARDS[Behaviour.SETTLES])
    payout = await stand.order_to(PAID_AT_ONCE)

    for order, link in ((collect, payout.link), (payout, collect.link), (payout, "ba_../x")):
        with pytest.raises(OrderRefusedError):
            await stand.rail().prepare(replace(order, link=link))
    with pytest.raises(LinkRefusedError):
        await stand.rail().link("ba_")


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Settled),
        ({"status": "in_transit"}, Pending),
        ({"status": "failed"}, Reversed),
        ({"status": "canceled"}, Refused),
        ({"status": "new"}, Unsure),
        ({"livemode": True}, Unsure),
        ({"currency": "xxy"}, Unsure),
    ],
)
def test_only_a_payout_that_adds_up_is_settled(changed: dict[str, Any], outcome: type) -> None:
    told = {"id": "po_1", "status": "paid", "amount": 1250, "currency": "eur", "livemode": False}

    assert type(meaning(Payout.model_validate({**told, "metadata": {}, **changed}), None)) is outcome


async def waiting_for_its_holder(stand: StripeStand, card: str) -> tuple[Order, str, str]:
    order, rail = await stand.order_on(card), stand.rail_with_a_page()
    handle = await rail.prepare(order)
    outcome = await rail.execute(handle, "key", FREE)
    assert isinstance(outcome, Pending)
    assert outcome.asks is not None
    return order, handle, outcome.asks


async def says(stand: StripeStand, handle: str, page: str, *, yes: bool) -> None:
    """What the card's holder does on the page."""
    form = {"client_secret": page.rpartition("/")[2], "success": str(yes).lower()}
    await stand.ask("POST", f"/v1/payment_intents/{handle.partition(':')[0]}/_authenticate", form)


async def test_a_card_that_wants_its_holder_waits_for_them_on_the_page_of_its_bank(
    stand: StripeStand,
) -> None:
    order, handle, page = await waiting_for_its_holder(stand, WANTS_ITS_HOLDER)
    rail = stand.rail_with_a_page()
    waits = await rail.query(order.reference, handle)
    nothing = await stand.moved(order.reference)
    await says(stand, handle, page, yes=True)

    assert page.startswith("https://hooks.stripe.com/redirect/")
    assert isinstance(waits, Pending)
    assert waits.asks == page
    assert nothing == []
    assert isinstance(await rail.query(order.reference, handle), Settled)
    assert await stand.moved(order.reference) == [AMOUNT]


async def test_a_holder_who_says_no_on_the_page_is_charged_nothing(stand: StripeStand) -> None:
    order, handle, page = await waiting_for_its_holder(stand, NOT_WHO_THEY_SAY)
    await says(stand, handle, page, yes=False)

    refused = Refused("payment_intent_authentication_failure")
    assert await stand.rail_with_a_page().query(order.reference, handle) == refused
    assert await stand.moved(order.reference) == []


async def test_a_page_that_nobody_opened_in_time_is_closed_and_the_order_refused(stand: StripeStand) -> None:
    order, handle, _ = await waiting_for_its_holder(stand, WANTS_ITS_HOLDER)
    seconds = str(int(HOLDER_HAS.total_seconds()) + 5)
    await stand.tell("age", {"intent": handle.partition(":")[0], "seconds": seconds})
    rail = stand.rail_with_a_page()

    assert await rail.query(order.reference, handle) == Refused("authentication_required")
    assert await rail.query(order.reference, handle) == Refused("order_cancelled")
    assert await stand.moved(order.reference) == []


async def test_an_order_whose_page_is_closed_by_us_is_refused(stand: StripeStand) -> None:
    order, handle, _ = await waiting_for_its_holder(stand, WANTS_ITS_HOLDER)
    rail = stand.rail_with_a_page()
    await rail.cancel(handle)

    assert await rail.query(order.reference, handle) == Refused("order_cancelled")
    assert await stand.moved(order.reference) == []
