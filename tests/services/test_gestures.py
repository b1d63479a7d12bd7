"""Taking a message back and crossing one out: they stop what is open, for whoever it is, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.domain.spoken import Gesture, GestureKind
from paybridge.domain.transfer import TransferState
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, words

if TYPE_CHECKING:
    from paybridge.services.says import Say

TAKEN_BACK, CROSSED_OUT = GestureKind


@pytest.fixture
async def funded(house: House) -> House:
    await house.link(ALICE)
    await house.fund(ALICE, 2000)
    return house


async def card(house: House) -> Say:
    """Alice's open card, posted in the room; the command was the message `$pay`."""
    (said,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER, event="$pay")
    await house.send_all()
    return said


async def state(house: House, say: Say) -> TransferState:
    transfer = await house.book.transfer(str(say.slot))
    assert transfer is not None
    return transfer.state


async def test_a_command_that_is_taken_back_cancels_its_card(funded: House) -> None:
    shown = await card(funded)
    said = await funded.gesture(ALICE, TAKEN_BACK, "$pay")
    late = await funded.hear(ALICE, "!yes", DINNER)

    assert (keys(said), said[0].slot) == (["pay.cancelled"], shown.slot)
    assert keys(late) == ["error.nothing_to_confirm"]
    assert await funded.balance(ALICE) == 2000


async def test_a_command_that_is_taken_back_after_the_approval_changes_nothing(funded: House) -> None:
    shown = await card(funded)
    await funded.hear(ALICE, "!yes", DINNER)
    said = await funded.gesture(ALICE, TAKEN_BACK, "$pay")

    assert said == []
    assert await state(funded, shown) is TransferState.CLAIMABLE


async def test_a_collection_that_has_not_begun_is_not_stopped_by_a_gesture(house: House) -> None:
    await house.link(ALICE)
    shown = await card(house)
    await house.hear(ALICE, "!yes", DINNER)

    assert await house.gesture(ALICE, TAKEN_BACK, "$pay") == []
    assert await house.gesture(ALICE, CROSSED_OUT, f"${shown.id}") == []
    assert await state(house, shown) is TransferState.APPROVED


@pytest.mark.parametrize("who", [BOB, CAROL, "@alice:other"])
async def test_nobody_else_takes_a_command_back(funded: House, who: str) -> None:
    shown = await card(funded)

    assert await funded.gesture(who, TAKEN_BACK, "$pay") == []
    assert await state(funded, shown) is TransferState.AWAITING_APPROVAL


async def test_taking_back_the_confirmation_or_chat_changes_nothing(funded: House) -> None:
    shown = await card(funded)
    await funded.hear(ALICE, "!status PB-22222", DINNER, event="$status")

    assert await funded.gesture(ALICE, TAKEN_BACK, "$status") == []
    assert await funded.gesture(ALICE, TAKEN_BACK, "$never-seen") == []
    assert await state(funded, shown) is TransferState.AWAITING_APPROVAL


async def test_the_payers_cross_on_the_card_cancels_it(funded: House) -> None:
    shown = await card(funded)

    assert keys(await funded.gesture(ALICE, CROSSED_OUT, f"${shown.id}")) == ["pay.cancelled"]
    assert keys(await funded.hear(ALICE, "!yes", DINNER)) == ["error.nothing_to_confirm"]


@pytest.mark.parametrize("who", [BOB, CAROL])
async def test_a_cross_of_anybody_else_changes_nothing(funded: House, who: str) -> None:
    shown = await card(funded)

    assert await funded.gesture(who, CROSSED_OUT, f"${shown.id}") == []
    assert await state(funded, shown) is TransferState.AWAITING_APPROVAL


async def test_a_cross_in_another_room_than_the_cards_changes_nothing(funded: House) -> None:
    shown = await card(funded)

    assert await funded.gesture(ALICE, CROSSED_OUT, f"${shown.id}", direct(ALICE)) == []


async def test_a_cross_on_a_topup_in_the_direct_message_cancels_it(house: House) -> None:
    await house.link(ALICE)
    (shown,) = await house.hear(ALICE, "!topup 5 EUR")
    await house.send_all()

    assert keys(await house.gesture(ALICE, CROSSED_OUT, f"${shown.id}", direct(ALICE))) == ["topup.cancelled"]


async def test_a_request_is_declined_by_a_cross_of_the_person_asked_only(house: House) -> None:
    (asked,) = await house.hear(ALICE, f"!request {BOB} 5 EUR", DINNER)
    await house.send_all()

    assert await house.gesture(ALICE, CROSSED_OUT, f"${asked.id}") == []
    assert await house.gesture(CAROL, CROSSED_OUT, f"${asked.id}") == []
    assert keys(await house.gesture(BOB, CROSSED_OUT, f"${asked.id}")) == ["request.declined"]


async def test_a_request_that_is_taken_back_is_off(house: House) -> None:
    await house.hear(ALICE, f"!request {BOB} 5 EUR", DINNER, event="$ask")

    assert await house.gesture(BOB, TAKEN_BACK, "$ask") == []
    assert keys(await house.gesture(ALICE, TAKEN_BACK, "$ask")) == ["request.cancelled"]
    assert await house.gesture(ALICE, TAKEN_BACK, "$ask") == []


async def test_taking_back_the_acceptance_closes_the_card_and_leaves_the_request_open(funded: House) -> None:
    (asked,) = await funded.hear(BOB, f"!request {ALICE} 5 EUR", DINNER)
    await funded.hear(ALICE, "!accept", DINNER, event="$accept")
    said = await funded.gesture(ALICE, TAKEN_BACK, "$accept")
    again = await funded.hear(ALICE, "!accept", DINNER)

    assert asked.key == "request.asked"
    assert keys(said) == ["pay.cancelled"]
    assert keys(again) == ["pay.card"]


async def test_the_same_gesture_twice_is_followed_once(funded: House) -> None:
    shown = await card(funded)
    gesture = Gesture("$gesture", DINNER, ALICE, CROSSED_OUT, f"${shown.id}")
    await funded.dispatcher.handle(gesture)
    await funded.dispatcher.handle(gesture)

    assert "Nothing was sent" in words(await funded.said())
