"""What happens when people pay, from the words they type to the books."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust
from paybridge.domain.spoken import Pill
from paybridge.services.says import Say
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, PLAIN, House, direct, keys, words
from tests.fakes.rail import NEVER, UNSURE_THEN_SETTLED, UNSURE_WITHOUT_EFFECT, not_sent, refuses, slow

KEY_OF_CARD = "pay.card"


async def a_card(house: House, line: str = f"!pay {BOB} 12,50 EUR for pizza") -> str:
    """Alice drafts a payment; returns its code."""
    (card,) = await house.hear(ALICE, line, DINNER)
    assert card.about is not None
    return str(card.about["code"])


async def test_the_card_shows_everything_that_is_approved(house: House) -> None:
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, f"!pay {BOB} 12,50 EUR for pizza", DINNER)
    told = words([card])

    assert card.room == DINNER
    assert card.about is not None
    assert card.about["state"] == "awaiting_approval"
    for shown in ("12.50 EUR", f"Bob ({BOB})", "pizza", "Fee 0.00 EUR", "••00", "!yes", "5 minutes"):
        assert shown in told
    assert f"!confirm {card.about['code']}" in told
    assert "DE89" not in told


async def test_a_confirmed_payment_debits_the_bank_and_credits_the_payee(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    code = await a_card(house)
    on_its_way = await house.hear(ALICE, f"!confirm {code.lower()}", DINNER)
    receipt = await house.carry()

    assert keys(on_its_way) == ["pay.on_its_way"]
    assert keys(receipt) == ["pay.receipt"]
    assert receipt[0].notify == (BOB,)
    assert "!cashout 12.50 EUR" in words(receipt)
    assert [order.amount.minor for order in house.rail.moved] == [1250]
    assert await house.balance(BOB) == 1250
    assert await house.balance(ALICE) == 0


async def test_a_payment_from_the_balance_is_settled_by_its_approval(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(ALICE, 2000)
    await a_card(house, f"!pay {BOB} 5 EUR")
    says = await house.hear(ALICE, "!yes", DINNER)

    assert keys(says) == ["pay.receipt"]
    assert (await house.balance(ALICE), await house.balance(BOB)) == (1500, 500)


async def test_the_balance_and_the_account_are_never_mixed(house: House) -> None:
    await house.link(ALICE)
    await house.fund(ALICE, 500)
    await a_card(house, f"!pay {BOB} 6 EUR")
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()

    assert [order.amount.minor for order in house.rail.moved] == [500, 600]
    assert await house.balance(ALICE) == 500


async def test_money_for_somebody_new_waits_until_they_claim_it(house: House) -> None:
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()
    assert keys(said) == ["pay.waiting", "claim.waiting"]
    assert said[1].person == BOB
    assert await house.balance(BOB) == 0

    refused = await house.hear(BOB, "!claim")
    assert keys(refused) == ["error.link_first"]
    await house.link(BOB, "DE02120300000000202051")
    claimed = await house.hear(BOB, "!claim")

    assert keys(claimed) == ["claim.done", "pay.claimed"]
    assert await house.balance(BOB) == 1250
    assert keys(await house.hear(BOB, "!claim")) == ["error.nothing_to_claim"]


async def test_unclaimed_money_returns_by_itself(house: House) -> None:
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    house.clock.pass_by(timedelta(days=6, hours=23))
    assert await house.expire() == []
    house.clock.pass_by(timedelta(hours=2))
    said = await house.expire()

    assert keys(said) == ["pay.returned.expired", "pay.returned.to_payer"]
    assert await house.balance(ALICE) == 1250
    assert await house.expire() == []


async def test_a_payee_can_send_money_back_and_a_payer_can_take_it_back(house: House) -> None:
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    payment = str((await house.carry())[0].facts["payment"])
    said = await house.hear(BOB, f"!return {payment}")
    assert keys(said) == ["return.done", "pay.returned.sent_back", "pay.returned.to_payer"]
    assert await house.balance(ALICE) == 1250

    await a_card(house, f"!pay {CAROL} 10 EUR")
    waiting = await house.hear(ALICE, "!yes", DINNER)
    assert keys(waiting) == ["pay.waiting", "claim.waiting"]
    said = await house.hear(ALICE, "!undo", DINNER)

    assert keys(said) == ["pay.returned.taken_back", "pay.returned.to_payer"]
    assert await house.balance(ALICE) == 1250


async def test_the_same_event_twice_is_one_payment(house: House) -> None:
    await house.link(ALICE)
    first = await house.hear(ALICE, f"!pay {BOB} 5", DINNER, event="$once")
    again = await house.hear(ALICE, f"!pay {BOB} 5", DINNER, event="$once")

    assert keys(first) == [KEY_OF_CARD]
    assert again == []


async def test_a_code_confirms_only_its_own_card_and_only_for_its_payer(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    code = await a_card(house)

    assert keys(await house.hear(BOB, f"!confirm {code}", DINNER)) == ["error.nothing_to_confirm"]
    assert keys(await house.hear(ALICE, "!confirm 2222", DINNER)) == ["error.wrong_code"]
    assert house.rail.moved == []


async def test_a_code_that_was_confirmed_before_says_so_and_pays_nothing_again(house: House) -> None:
    await house.link(ALICE)
    code = await a_card(house)
    await house.hear(ALICE, f"!confirm {code}", DINNER)
    (again,) = await house.hear(ALICE, f"!confirm {code}", DINNER)
    await house.carry()

    assert (again.key, again.lead) == ("error.confirmed_already", None)
    assert again.lines == (f"!status {again.facts['payment']}",)
    assert len(house.rail.moved) == 1
    assert keys(await house.hear(BOB, f"!confirm {code}", DINNER)) == ["error.nothing_to_confirm"]


async def test_a_code_that_was_cancelled_is_no_confirmed_one(house: House) -> None:
    await house.link(ALICE)
    code = await a_card(house)
    await house.hear(ALICE, "!cancel", DINNER)

    assert keys(await house.hear(ALICE, f"!confirm {code}", DINNER)) == ["error.nothing_to_confirm"]


async def test_yes_needs_exactly_one_open_card(house: House) -> None:
    await house.link(ALICE)
    await a_card(house)
    second = await a_card(house, f"!pay {CAROL} 3")
    (told,) = await house.hear(ALICE, "!yes", DINNER)
    assert (told.key, told.lines[0]) == ("error.several_cards_open", f"!confirm {second}")
    said = await house.hear(ALICE, f"!confirm {second}", DINNER)

    assert "3.00 EUR" in words(said)
    assert CAROL in words(said)


async def test_an_expired_card_sends_nothing(house: House) -> None:
    await house.link(ALICE)
    code = await a_card(house)
    house.clock.pass_by(timedelta(minutes=5, seconds=1))
    refused = await house.hear(ALICE, f"!confirm {code}", DINNER)
    expired = await house.expire()

    assert keys(refused) == ["error.card_expired"]
    assert keys(expired) == ["pay.expired"]
    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.nothing_to_confirm"]


@pytest.mark.parametrize(
    ("line", "reason", "line_to_copy"),
    [
        (f"!pay {BOB} 1.234 EUR", "error.ambiguous_amount", f"!pay {BOB} 1234.00 EUR"),
        (f"!pay {BOB} 0 EUR", "error.zero_amount", f"!pay {BOB} 12.50 EUR"),
        (f"!pay {BOB}", "error.no_amount", f"!pay {BOB} 12.50 EUR"),
        ("!pay 5 EUR", "error.payee_missing", "!pay @"),
        ("!pay Zoe 5 EUR", "error.unknown_payee", "!pay @"),
        (f"!pay {ALICE} 5 EUR", "error.paying_yourself", "!pay @"),
        (f"!pay {BOT} 5 EUR", "error.paying_the_bot", "!pay @"),
        ("!pay @zoe:hs 5 EUR", "error.payee_not_here", "!pay @"),
        (f"!pay {BOB} 40 EUR", "error.over_the_each_limit", ""),
        (f"!pay {BOB} 5 JPY", "error.currency_not_held", "!pay @"),
        ("!pay @mallory:hs 5 EUR", "error.payee_not_here", "!pay @"),
    ],
)
async def test_each_refusal_says_why_and_what_to_type(
    house: House, line: str, reason: str, line_to_copy: str
) -> None:
    await house.link(ALICE)
    said = await house.hear(ALICE, line, DINNER)
    if keys(said) == [KEY_OF_CARD]:  # what only the approval refuses
        said = await house.hear(ALICE, "!yes", DINNER)
    told = words(said)

    assert told.startswith("Nothing was sent.")
    assert keys(said) == [reason]
    assert line_to_copy in told
    assert house.rail.moved == []


async def test_what_concerns_a_balance_is_told_directly(house: House) -> None:
    said = await house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)

    assert [(say.room, say.person) for say in said] == [(DINNER, None), (None, ALICE)]
    assert "5.00 EUR" not in words(said[:1])
    assert "!link bank" in words(said[1:])


async def test_an_unencrypted_room_moves_nothing(house: House) -> None:
    await house.link(ALICE)

    said = await house.hear(ALICE, f"!pay {BOB} 5", PLAIN)

    assert keys(said) == ["error.room_not_encrypted"]


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (HomeserverOnly(), "error.open_room"),
        (OwnDevice(Trust.UNVERIFIED, "X"), "error.device_not_proven"),
        (OwnDevice(Trust.CROSS_SIGNED_UNTRUSTED, "X"), "error.device_not_proven"),
    ],
)
async def test_an_unproven_device_cannot_approve(
    house: House, proof: HomeserverOnly | OwnDevice, why: str
) -> None:
    await house.link(ALICE)
    await a_card(house)
    said = await house.hear(ALICE, "!yes", DINNER, proof=proof)

    assert keys(said) == [why]
    assert house.rail.moved == []


async def test_a_payee_who_left_is_not_paid(house: House) -> None:
    await house.link(ALICE)
    await a_card(house)
    house.rooms.leave(DINNER, BOB)

    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.payee_not_here"]


async def test_without_a_factor_five_payments_and_a_hundred_euros_are_the_end(house: House) -> None:
    await house.link(ALICE)

    async def paid(amount: str) -> Say:
        first = (await house.hear(ALICE, f"!pay {BOB} {amount} EUR", DINNER))[0]
        if first.key == KEY_OF_CARD:
            await house.hear(ALICE, "!yes", DINNER)
            await house.carry()
        return first

    assert [(await paid("30")).key for _ in range(3)] == [KEY_OF_CARD] * 3
    told = await paid("10.01")
    assert (told.key, str(told.facts["left"]), told.facts["left_count"]) == (
        "error.allowance_used_up",
        "10.00 EUR",
        2,
    )
    assert [(await paid("1")).key for _ in range(2)] == [KEY_OF_CARD] * 2
    told = await paid("1")

    assert (told.key, told.facts["left_count"]) == ("error.allowance_used_up", 0)
    assert len(house.rail.moved) == 5


async def test_two_open_cards_cannot_both_use_the_same_allowance(house: House) -> None:
    await house.link(ALICE)
    for _ in range(3):
        await a_card(house, f"!pay {BOB} 30 EUR")
        await house.hear(ALICE, "!yes", DINNER)
        await house.carry()
    first, second = await a_card(house, f"!pay {BOB} 10 EUR"), await a_card(house, f"!pay {BOB} 10 EUR")
    await house.hear(ALICE, f"!confirm {first}", DINNER)

    assert keys(await house.hear(ALICE, f"!confirm {second}", DINNER)) == ["error.allowance_used_up"]


async def test_a_reply_pays_its_author(house: House) -> None:
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, "!pay 5 EUR for drinks", DINNER, reply_author=BOB)

    assert card.about is not None
    assert card.about["payee"] == BOB


async def test_an_unproven_reply_pays_nobody(house: House) -> None:
    await house.link(ALICE)

    said = await house.hear(ALICE, "!pay 5 EUR", DINNER, is_reply=True)

    assert keys(said) == ["error.reply_not_proven"]


async def test_a_reply_to_one_and_a_pill_of_another_is_refused(house: House) -> None:
    await house.link(ALICE)
    said = await house.hear(
        ALICE, "!pay Carol 5 EUR", DINNER, reply_author=BOB, pills=(Pill(CAROL, "Carol"),)
    )

    assert keys(said) == ["error.reply_and_pill_differ"]


async def test_a_pill_leads_to_its_target_whatever_it_shows(house: House) -> None:
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, "!pay Bob 5 EUR", DINNER, pills=(Pill(CAROL, "Bob"),))

    assert card.about is not None
    assert card.about["payee"] == CAROL
    assert CAROL in words([card])


async def test_a_rail_that_refuses_leaves_nothing_behind(house: House) -> None:
    house.rail.script = refuses("insufficient_funds")
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()

    assert keys(said) == ["pay.refused", "refused.insufficient_funds"]
    assert said[1].person == ALICE
    assert await house.balance(BOB) == 0
    assert (await house.book.approved_so_far((await house.desk.people.know(ALICE)).person.id)).count == 0


async def test_a_timeout_is_unsure_and_is_asked_about_never_resent(house: House) -> None:
    house.rail.script = UNSURE_THEN_SETTLED
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    assert keys(await house.carry()) == ["pay.unsure"]
    house.clock.pass_by(timedelta(minutes=1))
    said = await house.carry()

    assert keys(said) == ["pay.waiting", "claim.waiting"]
    assert len(house.rail.moved) == 1


async def test_an_order_without_effect_goes_again_under_its_one_key(house: House) -> None:
    house.rail.script = UNSURE_WITHOUT_EFFECT
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    for _ in range(5):
        house.clock.pass_by(timedelta(minutes=20))
        await house.carry()

    assert len(house.rail.moved) <= 1
    executed = [call for call in house.rail.calls if call[0] == "execute"]
    assert len(executed) > 1


async def test_a_rail_that_never_answers_keeps_the_money_held_and_says_so_once(house: House) -> None:
    house.rail.script = NEVER
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()
    for _ in range(5):
        house.clock.pass_by(timedelta(minutes=20))
        said += await house.carry()
    payment = str(said[0].facts["payment"])

    assert keys(said) == ["pay.unsure"]
    assert keys(await house.hear(ALICE, f"!status {payment}")) == ["status.unsure"]
    assert keys(await house.hear(ALICE, f"!cancel {payment}")) == ["error.not_possible_now"]


async def test_an_unreachable_bank_is_tried_again(house: House) -> None:
    house.rail.script = not_sent(2)
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()
    for _ in range(4):
        house.clock.pass_by(timedelta(minutes=1))
        said += await house.carry()

    assert keys(said) == ["pay.delayed", "pay.waiting", "claim.waiting"]
    assert len(house.rail.moved) == 1


async def test_a_slow_bank_is_asked_until_it_has_settled(house: House) -> None:
    house.rail.script = slow(3)
    await house.link(ALICE)
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    said = await house.carry()
    for _ in range(6):
        house.clock.pass_by(timedelta(minutes=1))
        said += await house.carry()

    assert keys(said) == ["pay.waiting", "claim.waiting"]
    assert len(house.rail.moved) == 1


async def test_a_blocked_person_hears_nothing(house: House) -> None:
    assert await house.hear("@mallory:hs", "!help") == []


async def test_who_may_only_receive_cannot_pay(house: House) -> None:
    assert keys(await house.hear("@shy:hs", f"!pay {BOB} 5")) == ["error.not_allowed"]
    assert keys(await house.hear("@shy:hs", "!balance")) == ["balance.told"]


async def test_direct_room_is_where_private_things_are_said(house: House) -> None:
    said = await house.hear(ALICE, "!balance", DINNER)

    assert [(say.key, say.room, say.person) for say in said] == [
        ("reply.see_direct_message", DINNER, None),
        ("balance.told", None, ALICE),
    ]
    assert (await house.hear(ALICE, "!balance"))[0].room == direct(ALICE)


async def test_money_is_booked_while_the_homeserver_is_away(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    house.rooms.away = True
    said = await house.carry()

    # Nobody can ask whether the room may see amounts, so that it does not.
    assert keys(said) == ["pay.private.receipt", "pay.own.receipt", "pay.received"]
    assert await house.balance(BOB) == 1250


async def test_a_payee_who_left_meanwhile_is_told_directly(house: House) -> None:
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    await a_card(house)
    await house.hear(ALICE, "!yes", DINNER)
    house.rooms.leave(DINNER, BOB)
    receipt, told = await house.carry()

    assert (receipt.room, receipt.notify) == (DINNER, ())
    assert (told.key, told.person) == ("pay.received", BOB)


async def test_a_bug_is_told_and_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.link(ALICE)
    monkeypatch.setattr(type(house.rail), "capabilities", lambda _: 1 / 0)
    said = await house.hear(ALICE, f"!pay {BOB} 5", DINNER)

    assert keys(said) == ["error.internal"]
    assert said[0].lead == "lead.nothing_sent"
    monkeypatch.undo()
    assert keys(await house.hear(ALICE, "!yes", DINNER)) == ["error.nothing_to_confirm"]


@pytest.mark.parametrize("line", ["!claim", "!return PB-22222", "!link bank DE02120300000000202051"])
async def test_what_moves_money_or_says_where_to_needs_a_proven_device(house: House, line: str) -> None:
    said = await house.hear(BOB, line, proof=OwnDevice(Trust.UNVERIFIED, "X"))

    assert keys(said) == ["error.device_not_proven"]
