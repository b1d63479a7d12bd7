"""Money that goes back: refunds that people type, and a bank that takes back what it had paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.dinner import about, dinner, payment_of

if TYPE_CHECKING:
    from paybridge.demo.stage import Stage
    from tests.flows.dinner import Guest
    from tests.harness import People

BOTH = ("Alice", "Bob")


@pytest.fixture
async def alice_and_bob(stage: Stage, people: People) -> list[Guest]:
    return await dinner(stage, people, *BOTH, linked=BOTH)


async def test_a_payment_is_refunded_in_parts_to_whoever_paid_and_no_further(
    alice_and_bob: list[Guest],
) -> None:
    alice, bob = alice_and_bob
    paid = payment_of(await alice.pays(f"!pay {bob.id} 10 EUR"))
    card = await bob.drafts(f"!refund {paid} 4 EUR broken cup")
    await bob.confirms(card)
    receipt = await alice.sees(payment_of(card), "settled")
    too_much = await bob.asks(f"!refund {paid} 6.01", "not been refunded")
    await bob.pays(f"!refund {paid}")
    nothing_left = await bob.asks(f"!refund {paid}", "has been refunded already")

    assert receipt.body.startswith(
        f"↩ Bob ({bob.id}) refunded Alice ({alice.id}) 4.00 EUR of {paid} for “broken cup”"
    )
    assert about(receipt)["original"] == paid
    assert f"!refund {paid} 6.00 EUR" in too_much.body
    assert "Nothing was sent" in nothing_left.body
    assert "10.00 EUR" in (await alice.asks("!balance", "balance", alice.chat)).body
    assert "10.00 EUR of it was refunded" in (await bob.asks(f"!status {paid}", paid)).body
    assert await alice.moved(paid) == [-1000]


async def test_what_the_bank_takes_back_is_said_to_all_and_owed_by_whoever_spent_it(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *BOTH, linked=BOTH, script="9011")
    card = await alice.drafts(f"!pay {bob.id} 10 EUR")
    payment = payment_of(card)
    await alice.confirms(card)
    await alice.sees(payment, "settled")
    spent = await bob.pays(f"!pay {alice.id} 4 EUR")
    reversed_now = await alice.sees(payment, "reversed")
    borne = await bob.hears("has left your PayBridge balance", bob.chat)

    assert reversed_now.event_id == card.event_id
    assert reversed_now.body.startswith("⚠ The bank has taken back 10.00 EUR")
    assert "6.00 EUR has left your PayBridge balance. It did not hold all of it: you owe 4.00" in borne.body
    assert sorted(await alice.moved(payment)) == [-1000, 1000]
    assert "4.00 EUR" in (await alice.asks("!balance", "balance", alice.chat)).body
    assert about(spent)["state"] == "settled"
