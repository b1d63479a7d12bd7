"""People and Stripe: paying by card and debit, the page of 3-D Secure, cashing out, and a dispute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.app.breaker import Breaker
from paybridge.app.guarding import GuardedRail
from paybridge.conformance.inbox import Inbox
from paybridge.services.their_ids import by_our_reference
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, open_house, words
from tests.rails.localstripe import LocalStripe, is_installed
from tests.rails.stripe_trial import DEBITED, PAID_LATE, WANTS_ITS_HOLDER, StripeStand

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.services.says import Say

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="python -m tests.rails.localstripe"),
]


@dataclass
class Town:
    """A house whose rail is Stripe's, and Stripe."""

    house: House
    stand: StripeStand
    rail: GuardedRail
    inbox: Inbox

    async def link(self, mxid: str, card: str = "4242424242424242") -> None:
        order = await self.stand.order_on(card)
        said = await self.house.hear(mxid, f"!link stripe {order.link.partition(':')[0]}")
        assert keys(said) == ["link.verified"]

    async def do(self, line: str, room: str | None = None) -> list[Say]:
        """Alice types a line and confirms its card, and everything happens that can."""
        assert (await self.house.hear(ALICE, line, room))[-1].key.endswith(".card")
        await self.house.hear(ALICE, "!yes", room)
        return await self.house.carry()

    async def later(self) -> list[Say]:
        """It is a little later, and the bot asks again."""
        self.house.clock.pass_by(timedelta(minutes=10))
        return await self.house.carry()


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with aiohttp.ClientSession() as http, Inbox() as inbox, LocalStripe() as peer:
        stand = StripeStand(peer.address, http, inbox)
        rail = GuardedRail(stand.rail_with_a_page(), Breaker(lambda: 0.0))
        house = await open_house(tmp_path, {"stripe": rail})
        yield Town(house, stand, rail, inbox)
        await house.database.close()


async def test_a_dispute_that_comes_by_webhook_takes_the_money_back_from_whoever_got_it(town: Town) -> None:
    await town.link(ALICE)
    await town.house.hear(BOB, "!topup 1 EUR")
    paid = await town.do(f"!pay {BOB} 5 EUR", DINNER)
    (charge,) = (await town.stand.ask("GET", "/v1/charges"))["data"]
    await town.stand.hear_of("charge.dispute.created")
    await town.stand.tell("dispute", {"charge": charge["id"], "amount": "500", "status": "needs_response"})
    headers, raw = await town.inbox.next()
    (told,) = town.rail.parse_webhook(headers, raw, datetime.now(UTC))
    event = await by_our_reference(town.rail, told)
    assert event is not None
    await town.house.reconciler.hint(event)
    said = await town.house.carry()

    again = await by_our_reference(town.rail, replace(told, reference="pi_unknown"))

    assert keys(paid)[0] == "pay.waiting"
    assert (told.by_their_id, event.by_their_id) == (True, False)
    assert keys(said)[0] == "pay.reversed"
    assert "5.00 EUR" in words(said)
    assert again is None


async def test_a_card_that_wants_its_holder_pays_once_they_have_said_yes_on_its_page(town: Town) -> None:
    await town.link(ALICE, WANTS_ITS_HOLDER)
    asked = await town.do("!topup 5 EUR")
    before = await town.house.balance(ALICE)
    page = asked[0].qr or ""
    (intent,) = (await town.stand.ask("GET", "/v1/payment_intents"))["data"]
    form = {"client_secret": page.rpartition("/")[2], "success": "true"}
    await town.stand.ask("POST", f"/v1/payment_intents/{intent['id']}/_authenticate", form)
    paid = await town.later()

    assert keys(asked) == ["turn.picture", "turn"]
    assert page.startswith("https://hooks.stripe.com/")
    assert page in words(asked)
    assert before == 0
    assert keys(paid) == ["topup.receipt"]
    assert await town.house.balance(ALICE) == 500


async def test_a_holder_who_does_not_come_is_told_that_nothing_was_taken(town: Town) -> None:
    await town.link(ALICE, WANTS_ITS_HOLDER)
    await town.do("!topup 5 EUR")
    (intent,) = (await town.stand.ask("GET", "/v1/payment_intents"))["data"]
    await town.stand.tell("age", {"intent": intent["id"], "seconds": "3600"})
    said = await town.later()

    assert keys(said) == ["topup.refused", "refused.authentication_required"]
    assert "Nothing was taken." in words(said)
    assert await town.house.balance(ALICE) == 0


async def test_a_debit_tops_up_once_the_bank_has_paid_and_is_cashed_out_to_a_bank_account(
    town: Town,
) -> None:
    order = await town.stand.order_by_debit(DEBITED)
    await town.house.hear(ALICE, f"!link stripe {order.link.partition(':')[0]}")
    waits = await town.do("!topup 5 EUR")
    await town.stand.let_settle()
    paid = await town.later()
    await town.house.hear(ALICE, f"!link stripe {PAID_LATE}")
    refused = await town.house.hear(ALICE, "!cashout 2 EUR")
    await town.house.hear(ALICE, "!accounts default 2")
    on_its_way = await town.do("!cashout 2 EUR")
    (payout,) = (await town.stand.ask("GET", "/v1/payouts"))["data"]
    await town.stand.ask("POST", f"/v1/payouts/{payout['id']}", {"status": "paid"})
    cashed = await town.later()

    assert waits == []
    assert keys(paid) == ["topup.receipt"]
    assert keys(refused) == ["error.order_not_taken"]
    assert on_its_way == []
    assert (payout["amount"], payout["destination"]) == (200, PAID_LATE)
    assert keys(cashed) == ["cashout.receipt"]
    assert await town.house.balance(ALICE) == 300
