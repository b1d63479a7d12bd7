"""What people do with several accounts, in a real room and with the bank as a process of its own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.flows.dinner import dinner, payment_of

if TYPE_CHECKING:
    from paybridge.demo.stage import Stage
    from tests.flows.dinner import Guest
    from tests.harness import People


async def links(guest: Guest, number: str) -> None:
    """Link one more account, by nothing but its number."""
    await guest.asks(f"!link {number}", "almost linked", guest.chat)
    code = await guest.stage.code_in_statement(number)
    await guest.asks(f"!link verify {code}", "is linked", guest.chat)


async def test_an_account_in_rupees_is_topped_up_from_and_listed_beside_the_one_in_euros(
    stage: Stage, people: People
) -> None:
    (alice,) = await dinner(stage, people, "Alice", linked=("Alice",))
    upi = f"alice.{secrets.token_hex(8)}x@okbank"
    await links(alice, upi)
    card = await alice.drafts("!topup 100 INR", alice.chat)
    await alice.confirms(card)
    await alice.sees(payment_of(card), "settled", alice.chat)
    listed = await alice.asks("!accounts", "Your accounts", alice.chat)
    balance = await alice.asks("!balance", "Your PayBridge balance", alice.chat)

    assert "al••••@okbank INR" in listed.body
    assert f"•••• {alice.iban[-4:]} EUR (default)" in listed.body
    assert "₹100.00" in balance.body or "100.00 INR" in balance.body
    entries = (await stage.statement(upi))["entries"]
    assert [entry["amount"] for entry in entries if entry["text"] == payment_of(card)] == [-100_00]


async def test_who_wants_it_is_paid_straight_into_their_account(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, "Alice", "Bob", linked=("Alice", "Bob"))
    await bob.asks("!accounts direct 1", "pays straight into", bob.chat)
    card = await alice.drafts(f"!pay {bob.id} 5 EUR from bank for the taxi")
    await alice.confirms(card)
    receipt = await alice.sees(payment_of(card), "settled")
    balance = await bob.asks("!balance", "Your PayBridge balance", bob.chat)

    assert "straight to an account that is in their name" in card.body
    assert "it is in your account at the bank" in receipt.body
    assert await alice.moved(payment_of(card)) == [-500]
    assert await bob.moved(payment_of(card)) == [500]
    assert "0.00 EUR" in balance.body
    audited = await stage.audit()
    assert audited.passed, audited.output
