"""Giving back what was paid: whole, in parts, never more, only by whoever got it and only to whoever paid."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from paybridge.domain.money import Money
from paybridge.domain.policy import Policy, Receipts, StatedPolicy
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.transfer import TransferState
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, PLAIN, House, direct, keys, words


async def paid(house: House, amount: str = "10 EUR") -> str:
    """Alice has paid Bob; both have linked accounts. Returns the payment's id."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    return await pay(house, amount)


async def pay(house: House, amount: str) -> str:
    (card,) = await house.hear(ALICE, f"!pay {BOB} {amount}", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    return str(card.facts["payment"])


async def balances(house: House) -> tuple[int, int]:
    return await house.balance(ALICE), await house.balance(BOB)


async def refunded(house: House, payment: str) -> int:
    original = await house.book.transfer(payment)
    assert original is not None
    return original.refunded


async def test_a_payment_is_refunded_whole_and_both_see_it(house: House) -> None:
    payment = await paid(house)
    card = await house.hear(BOB, f"!refund {payment}", DINNER)
    said = await house.hear(BOB, "!yes", DINNER)

    assert keys(card) == ["refund.card"]
    assert words(card).splitlines()[:2] == [
        f"Refund 10.00 EUR of {payment} to Alice (@alice:hs)",
        f"Fee 0.00 EUR, total 10.00 EUR, from your PayBridge balance · {card[0].facts['payment']}",
    ]
    assert keys(said) == ["refund.receipt"]
    assert words(said).splitlines()[0] == (
        f"↩ Bob (@bob:hs) refunded Alice (@alice:hs) 10.00 EUR of {payment} · {card[0].facts['payment']}"
    )
    assert await balances(house) == (1000, 0)
    assert "10.00 EUR of it was refunded" in words(await house.hear(ALICE, f"!status {payment}"))


async def test_parts_are_refunded_up_to_what_was_paid_and_no_further(house: House) -> None:
    payment = await paid(house)
    await house.hear(BOB, f"!refund {payment} 4 EUR broken cup", DINNER)
    said = words(await house.hear(BOB, "!yes", DINNER))
    over = await house.hear(BOB, f"!refund {payment} 6.01", DINNER)
    await house.hear(BOB, f"!refund {payment} 6", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    again = await house.hear(BOB, f"!refund {payment}", DINNER)

    assert "4.00 EUR of" in said
    assert "“broken cup”" in said
    assert keys(over) == ["error.more_than_was_paid"]
    assert over[0].facts["left"] == Money.of("6", "EUR")
    assert over[0].lines == (f"!refund {payment} 6.00 EUR",)
    assert keys(again) == ["error.refunded_already"]
    assert await balances(house) == (1000, 0)
    assert await refunded(house, payment) == 1000


async def test_two_cards_for_the_same_money_are_approved_once(house: House) -> None:
    payment = await paid(house)
    await house.fund(BOB, 5000)
    cards = [await house.hear(BOB, f"!refund {payment} 7", DINNER) for _ in range(2)]
    first, second = (str(card[0].facts["code"]) for card in cards)
    said = await asyncio.gather(*(house.hear(BOB, f"!confirm {code}", DINNER) for code in (first, second)))

    assert sorted(keys(said[0] + said[1])) == ["error.more_than_was_paid", "refund.receipt"]
    assert await balances(house) == (700, 5300)
    assert await refunded(house, payment) == 700


@pytest.mark.parametrize("who", [ALICE, CAROL])
async def test_only_whoever_was_paid_can_refund(house: House, who: str) -> None:
    payment = await paid(house)

    assert keys(await house.hear(who, f"!refund {payment}", DINNER)) == ["error.no_such_payment"]


async def test_own_money_and_refunds_are_not_refunded(house: House) -> None:
    payment = await paid(house)
    (card,) = await house.hear(BOB, f"!refund {payment} 1", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    (topup,) = await house.hear(BOB, "!topup 5")
    await house.hear(BOB, "!yes")
    await house.carry()

    assert keys(await house.hear(ALICE, f"!refund {card.facts['payment']}")) == ["error.no_such_payment"]
    assert keys(await house.hear(BOB, f"!refund {topup.facts['payment']}")) == ["error.no_such_payment"]


async def test_what_is_not_there_is_to_be_topped_up_first(house: House) -> None:
    payment = await paid(house)
    await house.hear(BOB, "!cashout 7 EUR")
    await house.hear(BOB, "!yes")
    await house.carry()
    pointer, refusal = await house.hear(BOB, f"!refund {payment}", DINNER)

    assert pointer.room == DINNER
    assert refusal.person == BOB
    assert refusal.key == "error.refund_needs_balance"
    assert refusal.lines == ("!topup 7.00 EUR",)


async def test_what_is_spent_before_the_approval_is_not_refunded(house: House) -> None:
    payment = await paid(house)
    (card,) = await house.hear(BOB, f"!refund {payment}", DINNER)
    spent = await house.hear(BOB, "!cashout 5 EUR")
    await house.hear(BOB, f"!confirm {spent[0].facts['code']}")
    await house.carry()
    said = await house.hear(BOB, f"!confirm {card.facts['code']}", DINNER)

    assert keys(said) == ["error.spent_meanwhile"]
    assert await refunded(house, payment) == 0


async def test_unclaimed_money_is_returned_and_not_refunded(house: House) -> None:
    await house.link(ALICE)
    payment = await pay(house, "5 EUR")
    said = await house.hear(BOB, f"!refund {payment}")

    assert keys(said) == ["error.not_claimed_yet"]
    assert said[0].lines == (f"!return {payment}",)


async def test_claimed_money_can_be_refunded(house: House) -> None:
    await house.link(ALICE)
    payment = await pay(house, "5 EUR")
    await house.link(BOB, "DE02120300000000202051")
    await house.hear(BOB, "!claim")
    await house.hear(BOB, f"!refund {payment} 2")
    said = await house.hear(BOB, "!yes")

    assert "refund.receipt" in keys(said)
    assert await balances(house) == (200, 300)


async def test_a_refund_typed_in_the_direct_message_is_told_to_the_payer(house: House) -> None:
    payment = await paid(house)
    await house.hear(BOB, f"!refund {payment}")
    said = await house.hear(BOB, "!yes")

    assert [(say.key, say.room or say.person) for say in said] == [
        ("refund.receipt", direct(BOB)),
        ("refund.received", ALICE),
    ]


async def test_a_private_room_sees_no_amount_of_a_refund(house: House) -> None:
    payment = await paid(house)
    house.rooms.stated[DINNER] = StatedPolicy(Policy(receipts=Receipts.PRIVATE))
    card = await house.hear(BOB, f"!refund {payment} 3", DINNER)
    said = await house.hear(BOB, "!yes", DINNER)
    in_room = [say for say in (*card, *said) if say.room == DINNER]

    assert [say.key for say in in_room] == ["refund.private.card", "refund.private.receipt"]
    assert "3.00" not in words(in_room)
    assert {say.person for say in said if say.room is None} == {ALICE, BOB}


async def test_after_a_year_it_is_too_late(house: House) -> None:
    payment = await paid(house)
    house.clock.pass_by(timedelta(days=366))

    assert keys(await house.hear(BOB, f"!refund {payment}")) == ["error.refund_too_late"]


async def test_a_refund_needs_an_encrypted_room_and_a_proven_device(house: House) -> None:
    payment = await paid(house)
    plain = await house.hear(BOB, f"!refund {payment}", PLAIN)
    await house.hear(BOB, f"!refund {payment}", DINNER)
    unproven = await house.hear(BOB, "!yes", DINNER, proof=OwnDevice(Trust.UNVERIFIED, "PHONE"))

    assert keys(plain) == ["error.room_not_encrypted"]
    assert keys(unproven) == ["error.device_not_proven"]
    assert await balances(house) == (0, 1000)


async def test_cancelled_and_expired_refunds_leave_the_payment_as_it_was(house: House) -> None:
    payment = await paid(house)
    (card,) = await house.hear(BOB, f"!refund {payment}", DINNER)
    cancelled = await house.hear(BOB, f"!cancel {card.facts['payment']}", DINNER)
    (card,) = await house.hear(BOB, f"!refund {payment}", DINNER)
    house.clock.pass_by(timedelta(minutes=6))
    expired = await house.expire()
    original = await house.book.transfer(payment)

    assert keys(cancelled) == ["refund.cancelled"]
    assert keys(expired) == ["refund.expired"]
    assert keys(await house.hear(BOB, f"!status {card.facts['payment']}")) == ["status.refund.expired"]
    assert original is not None
    assert (original.state, original.refunded) == (TransferState.SETTLED, 0)


async def test_history_names_the_payment_that_was_refunded(house: House) -> None:
    payment = await paid(house)
    await house.hear(BOB, f"!refund {payment} 3", DINNER)
    await house.hear(BOB, "!yes", DINNER)

    assert f"refund of {payment} from @bob:hs" in words(await house.hear(ALICE, "!history"))
    assert f"-3.00 EUR refund of {payment} to @alice:hs" in words(await house.hear(BOB, "!history"))
