"""`!freeze` stops everything of a person at once; only a second factor, or the operator, lets them go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust
from paybridge.domain.spoken import Trouble
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import StaleError, Step
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, words
from tests.fakes.rail import slow
from tests.services.authenticator import with_factor

if TYPE_CHECKING:
    from paybridge.domain.proof import Proof

FIRST_SESSION = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")
ANY_DEVICE = [
    OwnDevice(Trust.UNVERIFIED, "NEW"),
    OwnDevice(Trust.CROSS_SIGNED_UNTRUSTED, "OLD"),
    FIRST_SESSION,
    HomeserverOnly(),
]


async def money_for_alice(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(ALICE, 5_000)


@pytest.mark.parametrize("proof", ANY_DEVICE)
async def test_from_any_device_open_cards_end_and_nothing_can_be_approved(house: House, proof: Proof) -> None:
    await money_for_alice(house)
    await house.hear(ALICE, "!pay @bob:hs 5 EUR", DINNER)
    person = await house.book.person_of(ALICE)
    assert person is not None
    (card,) = await house.book.awaiting_approval(person.id)
    said = await house.hear(ALICE, "!freeze", DINNER, proof=proof)
    after = keys(await house.hear(ALICE, f"!confirm {card.code}", DINNER))
    ended = await house.book.transfer(card.id)

    assert keys(said) == ["freeze.done", "pay.cancelled", "freeze.done"]
    assert said[2].person == ALICE
    assert "1 open card or payment was ended" in words(said)
    assert ended is not None
    assert ended.state is TransferState.CANCELLED
    assert after == ["error.frozen"]
    assert await house.balance(ALICE) == 5_000


async def test_nothing_that_moves_money_or_changes_where_it_goes_is_done(house: House) -> None:
    await money_for_alice(house)
    await house.hear(BOB, "!request @alice:hs 1 EUR", DINNER)
    await house.hear(ALICE, "!freeze")

    for line in (
        "!pay @bob:hs 5 EUR",
        "!yes",
        "!accept",
        "!topup 5 EUR",
        "!cashout 5 EUR",
        "!link bank DE02120300000000202051",
        "!accounts remove 1",
        "!mfa on",
        "!mfa on 123456",
        "!mfa reset 123456",
    ):
        (said,) = await house.hear(ALICE, line)
        assert (line, said.key) == (line, "error.frozen")
        assert "You have been frozen since" in words([said])


async def test_what_others_send_still_arrives(house: House) -> None:
    await money_for_alice(house)
    await house.fund(BOB, 1_000)
    await house.hear(ALICE, "!freeze")
    await house.hear(BOB, "!pay @alice:hs 5 EUR", DINNER)
    await house.hear(BOB, "!yes", DINNER)

    assert await house.balance(ALICE) == 5_500
    assert keys(await house.hear(ALICE, "!request @bob:hs 1 EUR", DINNER)) == ["request.asked"]


async def test_what_has_not_reached_the_bank_is_cancelled_and_its_money_released(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.fund(ALICE, 5_000)
    await house.hear(ALICE, "!cashout 20 EUR")
    await house.hear(ALICE, phone.shows_next())
    held = await house.balance(ALICE)
    said = await house.hear(ALICE, "!freeze")
    carried = await house.carry()

    assert held < 3_001
    assert keys(said) == ["freeze.done", "cashout.cancelled"]
    assert await house.balance(ALICE) == 5_000
    assert carried == []


async def test_what_the_bank_has_already_goes_on_and_is_named(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.fund(ALICE, 5_000)
    house.rail.script = slow(3)
    await house.hear(ALICE, "!cashout 20 EUR")
    await house.hear(ALICE, phone.shows_next())
    await house.carry()
    (said,) = await house.hear(ALICE, "!freeze")

    assert "With the bank already" in words([said])


async def test_a_freeze_counts_late_and_from_whoever_shows_another_master_key(house: House) -> None:
    await money_for_alice(house)
    long_ago = house.clock.now() - timedelta(hours=3)
    late = await house.hear(ALICE, "!freeze", sent=long_ago)
    changed = await house.hear(BOB, "!freeze", trouble=Trouble.MASTER_KEY_CHANGED)
    replayed = await house.hear(BOB, "!freeze", trouble=Trouble.REPLAYED)

    assert keys(late) == keys(changed) == ["freeze.done"]
    assert keys(replayed) == ["trouble.replayed"]


async def test_somebody_who_is_met_for_the_first_time_is_frozen_too(house: House) -> None:
    said = await house.hear(BOB, "!freeze")
    again = await house.hear(BOB, "!freeze")

    assert keys(said) == keys(again) == ["freeze.done"]
    assert said[0].facts["since"] == again[0].facts["since"]
    assert keys(await house.hear(BOB, "!mfa on")) == ["error.frozen"]


# ---------------------------------------------------------------- going on


async def test_a_code_of_the_authenticator_ends_it_once_and_wrong_ones_are_counted(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.hear(ALICE, "!freeze")
    code = phone.shows_next()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    outcomes = [
        keys(await house.hear(ALICE, "!unfreeze")),
        keys(await house.hear(ALICE, f"!unfreeze {wrong}")),
        keys(await house.hear(ALICE, f"!unfreeze {wrong}")),
        keys(await house.hear(ALICE, f"!unfreeze {code}", proof=OwnDevice(Trust.UNVERIFIED, "NEW"))),
        keys(await house.hear(ALICE, f"!unfreeze {code}")),
        keys(await house.hear(ALICE, f"!unfreeze {code}")),
    ]
    await house.hear(ALICE, "!freeze")

    assert outcomes == [
        ["error.wrong_code"],
        ["error.wrong_code"],
        ["error.wrong_code_warned"],
        ["error.device_not_proven"],
        ["freeze.over"],
        ["error.not_frozen"],
    ]
    assert keys(await house.hear(ALICE, f"!unfreeze {code}")) == ["error.wrong_code"]


async def test_a_recovery_code_ends_it_and_the_factor_stays(house: House) -> None:
    _, codes = await with_factor(house)
    await house.hear(ALICE, "!freeze")

    assert keys(await house.hear(ALICE, f"!unfreeze {codes[0]}")) == ["freeze.over"]
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_on"]
    await house.hear(ALICE, "!freeze")
    assert keys(await house.hear(ALICE, f"!unfreeze {codes[0]}")) == ["error.wrong_code"]
    assert keys(await house.hear(ALICE, f"!unfreeze {codes[1]}")) == ["freeze.over"]


async def test_a_code_for_it_in_a_shared_room_is_burned(house: House) -> None:
    phone, _ = await with_factor(house)
    await house.hear(ALICE, "!freeze")
    code = phone.shows_next()
    said = await house.hear(ALICE, f"!unfreeze {code}", DINNER)

    assert "error.code_in_room" in keys(said)
    assert keys(await house.hear(ALICE, f"!unfreeze {code}")) == ["error.wrong_code"]


async def test_who_has_no_factor_is_sent_to_the_operator(house: House) -> None:
    await money_for_alice(house)
    await house.hear(ALICE, "!freeze")

    assert keys(await house.hear(ALICE, "!unfreeze 123456")) == ["error.no_factor_to_unfreeze"]
    assert keys(await house.hear(ALICE, "!yes")) == ["error.frozen"]


# ---------------------------------------------------------------- in the same moment


@pytest.mark.parametrize("freeze_first", [True, False])
async def test_an_approval_that_was_decided_before_the_freeze_is_stale_after_it(
    house: House, *, freeze_first: bool
) -> None:
    await money_for_alice(house)
    await house.hear(ALICE, "!pay @bob:hs 5 EUR", DINNER)
    known = await house.desk.people.know(ALICE)
    (card,) = await house.book.awaiting_approval(known.person.id)
    stopped = await house.desk.freezing.freeze(known)
    approved, _ = await house.desk.approvals.approve(card, FIRST_SESSION)
    first, second = (stopped.step, approved) if freeze_first else (approved, stopped.step)
    await house.book.commit(first)

    with pytest.raises(StaleError):
        await house.book.commit(second)
    assert await house.balance(ALICE) == (5_000 if freeze_first else 4_500)


async def test_a_card_that_the_freeze_did_not_see_cannot_be_approved_after_it(house: House) -> None:
    await money_for_alice(house)
    known = await house.desk.people.know(ALICE)
    stopped = await house.desk.freezing.freeze(known)
    await house.hear(ALICE, "!pay @bob:hs 5 EUR", DINNER)
    (card,) = await house.book.awaiting_approval(known.person.id)
    approved, _ = await house.desk.approvals.approve(card, FIRST_SESSION)
    await house.book.commit(stopped.step)

    with pytest.raises(StaleError):
        await house.book.commit(approved)
    assert await house.balance(ALICE) == 5_000


async def test_of_both_typed_at_once_each_is_answered_and_one_order_holds(house: House) -> None:
    await money_for_alice(house)
    for _ in range(5):
        await house.hear(ALICE, "!pay @bob:hs 1 EUR", DINNER)
        before = await house.balance(ALICE)
        await asyncio.gather(house.hear(ALICE, "!yes", DINNER), house.hear(ALICE, "!freeze"))
        person = await house.book.person_of(ALICE)
        assert person is not None

        assert person.frozen is not None
        assert await house.book.awaiting_approval(person.id) == []
        assert await house.balance(ALICE) in {before, before - 100}
        await house.book.commit(Step(records=(replace(person, frozen=None),)))
