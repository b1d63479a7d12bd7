"""A dinner for three on a real homeserver: one paid, the others pay their share, and one message says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.flows.dinner import about, dinner, payment_of

if TYPE_CHECKING:
    from paybridge.demo.stage import Stage
    from tests.harness import People

ALL = ("Alice", "Bob", "Carol")


async def test_three_split_a_dinner_and_the_board_says_who_has_paid(stage: Stage, people: People) -> None:
    alice, bob, carol = await dinner(stage, people, *ALL, linked=ALL)
    board = await alice.asks(f"!split 30.01 EUR {bob.id} {carol.id} for dinner", "not paid yet")
    asked = {share["payer"]: share["request"] for share in about(board)["shares"]}
    for guest in (bob, carol):
        card = await guest.drafts(f"!accept {asked[guest.id]}")
        await guest.confirms(card)
        await guest.sees(payment_of(card), "settled")
    settled = await alice.sees(payment_of(board), "settled")

    assert settled.event_id == board.event_id
    assert f"Alice ({alice.id}): 10.01 EUR (with the odd 0.01 EUR) · own share" in settled.body
    assert f"Bob ({bob.id}): 10.00 EUR · ✓ paid" in settled.body
    assert f"Carol ({carol.id}): 10.00 EUR · ✓ paid" in settled.body
    assert "everybody has paid their share" in settled.body
    assert "20.00 EUR" in (await alice.asks("!balance", "balance", alice.chat)).body


async def test_one_code_pays_two_and_each_has_a_receipt(stage: Stage, people: People) -> None:
    alice, bob, carol = await dinner(stage, people, *ALL, linked=ALL)
    card = await alice.drafts(f"!pay {bob.id} {carol.id} 5 EUR each for cake")
    await alice.confirms(card)
    receipts = [await alice.sees(part["id"], "settled") for part in about(card)["parts"]]

    assert [about(receipt)["payee"] for receipt in receipts] == [bob.id, carol.id]
    assert (await alice.sees(payment_of(card), "approved")).event_id == card.event_id
    assert [await alice.moved(payment_of(receipt)) for receipt in receipts] == [[-500], [-500]]
