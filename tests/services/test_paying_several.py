"""The same to several people: one card and one code, and then a payment of its own for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from paybridge.domain.bundle import bundled
from paybridge.domain.power import Powers
from paybridge.domain.spoken import GestureKind
from paybridge.services.ports import Step, StepRefusedError
from paybridge.services.says import Say
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, House, keys, words
from tests.fakes.rail import SETTLES, refuses

EACH = f"!pay {BOB} {CAROL} 10 EUR each for pizza"


async def card_of(house: House, line: str = EACH) -> dict[str, object]:
    """The card that Alice, who has an account, gets for the line."""
    await house.link(ALICE)
    (say,) = await house.hear(ALICE, line, DINNER)
    assert say.key == "bundle.card", say
    return dict(say.facts)


def code_of(card: Say) -> object:
    assert card.about is not None
    return card.about["code"]


async def states(house: House, bundle: object) -> list[str]:
    found = await house.book.bundle(str(bundle))
    assert found is not None
    return [part.state.value for part in found.parts]


async def test_the_card_names_every_payee_with_the_full_id_each_amount_the_sum_and_one_code(
    house: House,
) -> None:
    await house.link(ALICE)
    says = await house.hear(ALICE, EACH, DINNER)
    told = words(says)
    (say,) = says

    assert told.count("10.00 EUR to ") == 2
    assert BOB in told
    assert CAROL in told
    assert "Together 20.00 EUR for “pizza”" in told
    assert told.count("!confirm ") == 1
    assert say.about is not None
    assert (say.about["kind"], f"!confirm {say.about['code']}" in told) == ("bundle", True)


async def test_one_approval_makes_one_payment_for_each_with_its_own_id_and_receipt(house: House) -> None:
    bundle = (await card_of(house))["payment"]
    approved = await house.hear(ALICE, "!yes", DINNER)
    settled = await house.carry()
    receipts = [say for say in settled if say.key == "pay.waiting"]

    assert keys(approved) == ["bundle.approved", "pay.on_its_way", "pay.on_its_way"]
    assert approved[0].slot == bundle
    assert len({say.facts["payment"] for say in receipts}) == 2
    assert {say.notify for say in receipts} == {(BOB,), (CAROL,)}
    assert sorted(order.amount.minor for order in house.rail.moved) == [1000, 1000]
    assert await states(house, bundle) == ["claimable", "claimable"]


async def test_the_balance_pays_all_of_them_or_none(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 2500)
    await house.hear(ALICE, EACH, DINNER)
    assert keys(await house.hear(ALICE, "!yes", DINNER)) == [
        "bundle.approved",
        "pay.waiting",
        "claim.waiting",
        "pay.waiting",
        "claim.waiting",
    ]

    assert await house.balance(ALICE) == 500


async def test_what_was_spent_meanwhile_stops_all_of_them(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 2000)
    (card,) = await house.hear(ALICE, EACH, DINNER)
    (other,) = await house.hear(ALICE, f"!pay {BOB} 5 EUR from balance", DINNER)
    await house.hear(ALICE, f"!confirm {code_of(other)}", DINNER)
    said = await house.hear(ALICE, f"!confirm {code_of(card)}", DINNER)

    assert "error.spent_meanwhile" in keys(said)
    assert await house.balance(ALICE) == 1500
    assert await states(house, card.facts["payment"]) == ["awaiting_approval", "awaiting_approval"]


async def test_whom_the_bank_refuses_harms_no_other_and_is_told(house: House) -> None:
    bundle = (await card_of(house))["payment"]
    await house.hear(ALICE, "!yes", DINNER)
    house.rail.in_turn = [refuses("account_closed"), SETTLES]
    said = await house.carry()

    assert sorted(keys(said)) == ["claim.waiting", "pay.refused", "pay.waiting", "refused.account_closed"]
    assert sorted(await states(house, bundle)) == ["claimable", "refused"]
    assert [order.amount.minor for order in house.rail.moved] == [1000]


async def test_a_code_that_is_typed_twice_pays_once(house: House) -> None:
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, EACH, DINNER)
    code = code_of(card)
    await house.hear(ALICE, f"!confirm {code}", DINNER, event="$one")
    assert keys(await house.hear(ALICE, f"!confirm {code}", DINNER)) == ["error.nothing_to_confirm"]
    assert await house.hear(ALICE, f"!confirm {code}", DINNER, event="$one") == []
    await house.carry()

    assert len(house.rail.moved) == 2


async def test_the_code_is_for_exactly_these_payments(house: House) -> None:
    card = await card_of(house)
    bundle = await house.book.bundle(str(card["payment"]))
    assert bundle is not None
    codes = {
        bundle.code,
        bundled(bundle.id, bundle.parts[:1]).code,
        bundled(bundle.id, bundle.parts[1:]).code,
        *(part.code for part in bundle.parts),
    }

    assert len(codes) == 5
    assert bundled(bundle.id, reversed(bundle.parts)).code == bundle.code


async def test_no_code_of_a_single_payment_on_the_card_approves_it(house: House) -> None:
    card = await card_of(house)
    bundle = await house.book.bundle(str(card["payment"]))
    assert bundle is not None
    said = [await house.hear(ALICE, f"!confirm {part.code}", DINNER) for part in bundle.parts]

    assert [keys(each) for each in said] == [["error.wrong_code"], ["error.wrong_code"]]


async def test_cancelling_the_card_stops_all_of_them(house: House) -> None:
    bundle = (await card_of(house))["payment"]
    said = await house.hear(ALICE, "!cancel", DINNER)

    assert keys(said) == ["bundle.cancelled"]
    assert said[0].slot == bundle
    assert await states(house, bundle) == ["cancelled", "cancelled"]
    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.nothing_to_confirm"]


async def test_the_id_of_one_payment_cancels_the_whole_open_card(house: House) -> None:
    bundle = await house.book.bundle(str((await card_of(house))["payment"]))
    assert bundle is not None
    said = await house.hear(ALICE, f"!cancel {bundle.parts[0].id}", DINNER)

    assert keys(said) == ["bundle.cancelled"]
    assert await states(house, bundle.id) == ["cancelled", "cancelled"]


async def test_once_confirmed_each_is_cancelled_by_its_own_id(house: House) -> None:
    bundle = await house.book.bundle(str((await card_of(house))["payment"]))
    assert bundle is not None
    await house.hear(ALICE, "!yes", DINNER)

    assert keys(await house.hear(ALICE, f"!cancel {bundle.id}", DINNER)) == ["error.not_possible_now"]
    assert keys(await house.hear(ALICE, f"!cancel {bundle.parts[0].id}", DINNER)) == ["pay.cancelled"]
    assert await states(house, bundle.id) == ["cancelled", "approved"]


async def test_a_card_that_nobody_confirms_lapses_as_one(house: House) -> None:
    bundle = (await card_of(house))["payment"]
    house.clock.pass_by(timedelta(minutes=6))

    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.card_expired"]
    assert keys(await house.expire()) == ["bundle.expired"]
    assert await house.expire() == []
    assert await states(house, bundle) == ["expired", "expired"]


@pytest.mark.parametrize("kind", list(GestureKind))
async def test_a_gesture_stops_the_whole_card(house: House, kind: GestureKind) -> None:
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, EACH, DINNER, event="$typed")
    await house.send_all()
    target = {GestureKind.TAKEN_BACK: "$typed", GestureKind.CROSSED_OUT: f"${card.id}"}[kind]
    assert await house.gesture(BOB, kind, target) == []

    assert keys(await house.gesture(ALICE, kind, target)) == ["bundle.cancelled"]
    assert await states(house, card.facts["payment"]) == ["cancelled", "cancelled"]


async def test_freezing_ends_the_card_once_and_what_is_approved_payment_by_payment(house: House) -> None:
    shown = (await card_of(house))["payment"]
    await house.hear(ALICE, "!yes", DINNER)
    (card,) = await house.hear(ALICE, f"!pay {BOB} {CAROL} 2 EUR each", DINNER)
    said = keys(await house.hear(ALICE, "!freeze"))

    assert (said.count("bundle.cancelled"), said.count("pay.cancelled")) == (1, 2)
    assert await states(house, shown) == ["cancelled", "cancelled"]
    assert await states(house, card.facts["payment"]) == ["cancelled", "cancelled"]


async def test_who_left_the_room_stops_all_of_them(house: House) -> None:
    bundle = (await card_of(house))["payment"]
    house.rooms.leave(DINNER, CAROL)

    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.payee_not_here"]
    assert await states(house, bundle) == ["awaiting_approval", "awaiting_approval"]


async def test_together_they_may_be_no_more_than_one_payment_without_a_second_factor(house: House) -> None:
    await house.link(ALICE)

    assert keys(await house.hear(ALICE, f"!pay {BOB} {CAROL} 15.01 EUR each", DINNER)) == [
        "error.over_the_each_limit"
    ]
    assert keys(await house.hear(ALICE, f"!pay {BOB} {CAROL} 15 EUR each", DINNER)) == ["bundle.card"]


async def test_each_of_them_counts_as_a_payment_without_a_second_factor(house: House) -> None:
    await house.link(ALICE)
    for _ in range(4):
        await house.hear(ALICE, f"!pay {BOB} 1 EUR", DINNER)
        await house.hear(ALICE, "!yes", DINNER)

    assert keys(await house.hear(ALICE, f"!pay {BOB} {CAROL} 1 EUR each", DINNER)) == [
        "error.allowance_used_up"
    ]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"!pay {BOB} {BOB} 10 EUR each", "error.named_twice"),
        (f"!pay {BOB} {ALICE} 10 EUR each", "error.paying_yourself"),
        (f"!pay {BOB} {BOT} 10 EUR each", "error.paying_the_bot"),
        (f"!pay {BOB} @zoe:hs 10 EUR each", "error.payee_not_here"),
        (f"!pay {BOB} {CAROL} 10 EUR", "error.several_payees"),
    ],
)
async def test_a_refused_card_changes_nothing(house: House, line: str, key: str) -> None:
    await house.link(ALICE)

    assert keys(await house.hear(ALICE, line, DINNER)) == [key]
    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.nothing_to_confirm"]


async def test_several_payees_without_each_get_the_line_that_says_so(house: House) -> None:
    await house.link(ALICE)
    (said,) = await house.hear(ALICE, f"!pay {BOB} {CAROL} 10 EUR pizza", DINNER)

    assert said.lines == (f"!pay {BOB} {CAROL} 10 EUR each pizza",)
    assert keys(await house.hear(ALICE, said.lines[0], DINNER)) == ["bundle.card"]


async def test_several_names_without_each_get_the_line_that_says_so(house: House) -> None:
    await house.link(ALICE)
    (said,) = await house.hear(ALICE, "!pay Bob and Carol 10 EUR for pizza", DINNER)

    assert (said.key, said.lines) == ("error.several_payees", ("!pay Bob and Carol 10 EUR each for pizza",))
    assert keys(await house.hear(ALICE, said.lines[0], DINNER)) == ["bundle.card"]
    assert keys(await house.hear(ALICE, "!pay Bob and Zoe 10 EUR", DINNER)) == ["error.unknown_payee"]


async def test_one_card_shows_thirty_payees_at_most(house: House) -> None:
    guests = [f"@guest{number}:hs" for number in range(31)]
    for guest in guests:
        house.rooms.join(DINNER, guest)
    await house.link(ALICE)

    assert keys(await house.hear(ALICE, f"!pay {' '.join(guests)} 0.50 EUR each", DINNER)) == [
        "error.too_many_payees"
    ]


async def test_status_of_the_card_lists_its_payments_to_the_payer_alone(house: House) -> None:
    bundle = (await card_of(house))["payment"]
    told = words(await house.hear(ALICE, f"!status {bundle}", DINNER))

    assert (BOB in told, CAROL in told, "20.00 EUR" in told) == (True, True, True)
    assert keys(await house.hear(BOB, f"!status {bundle}", DINNER)) == ["error.no_such_payment"]


async def test_a_room_that_hides_amounts_reads_none_of_them(house: House) -> None:
    house.rooms.levels[DINNER] = Powers({ALICE: 50})
    await house.hear(ALICE, "!policy receipts private", DINNER)
    await house.link(ALICE)
    hidden, own = await house.hear(ALICE, EACH, DINNER)
    told = words([hidden])

    assert (hidden.key, hidden.room, own.key, own.person) == (
        "bundle.private.card",
        DINNER,
        "bundle.card",
        ALICE,
    )
    assert "10" not in told
    assert BOB not in str(hidden.about)


async def test_the_database_takes_no_second_payer_and_no_later_payment_into_a_bundle(house: House) -> None:
    bundle = await house.book.bundle(str((await card_of(house))["payment"]))
    assert bundle is not None
    part = bundle.parts[0]
    bob = await house.book.person_of(BOB)
    assert bob is not None
    carol = await house.desk.people.know(ALICE)
    for strange in (
        replace(part, id="PB-22222", payer=bob.id, payee=carol.person.id, version=0),
        replace(part, id="PB-22223", payee="somebody", nonce="another", version=0),
        replace(part, id="PB-22224", version=0),
    ):
        with pytest.raises(StepRefusedError):
            await house.book.commit(Step(records=(strange,)))
    await house.hear(ALICE, "!yes", DINNER)
    with pytest.raises(StepRefusedError):
        await house.book.commit(Step(records=(replace(part, id="PB-22225", payee="somebody", version=0),)))

    found = await house.book.bundle(bundle.id)
    assert found is not None
    assert len(found.parts) == 2
