"""What holds in a room, who may change it, and what people read where amounts are private."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.commands._dispatch import Dispatcher
from paybridge.commands._frame import commands
from paybridge.domain.money import Money
from paybridge.domain.policy import Asking, Flaw, Policy, Receipts, RoomPolicy, StatedPolicy
from paybridge.domain.power import Powers
from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust
from paybridge.services.policies import Policies
from paybridge.services.ports import Step
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, House, QuietBell, direct, keys, words

if TYPE_CHECKING:
    from paybridge.services.says import Say

UPGRADED = "!upgraded:hs"
BOBS_IBAN = "DE02120300000000202051"


@pytest.fixture
async def dinner(house: House) -> House:
    """Alice moderates the room, Bob and Carol do not; Alice and Bob have linked accounts."""
    house.rooms.levels[DINNER] = Powers({ALICE: 50})
    await house.link(ALICE)
    await house.link(BOB, BOBS_IBAN)
    return house


def state(house: House, policy: Policy, room: str = DINNER) -> None:
    """Let the room's state event say this."""
    house.rooms.stated[room] = StatedPolicy(policy)


def upgrade(house: House) -> None:
    """A new room takes the place of the old one."""
    house.rooms.known[UPGRADED] = replace(house.rooms.known[DINNER], id=UPGRADED)
    house.rooms.upgraded[UPGRADED] = DINNER
    house.rooms.levels[UPGRADED] = house.rooms.levels[DINNER]


def in_room(says: list[Say], room: str = DINNER) -> list[Say]:
    return [say for say in says if say.room == room]


async def pays(house: House, line: str = f"!pay {BOB} 12,50 EUR for pizza") -> list[Say]:
    """Alice pays, from the card to the receipt; everything that is said."""
    said = await house.hear(ALICE, line, DINNER)
    said += await house.hear(ALICE, "!yes", DINNER)
    return said + await house.carry()


async def test_without_a_policy_everything_is_as_the_operator_says(dinner: House) -> None:
    told = words(await dinner.hear(CAROL, "!policy", DINNER))

    for shown in (
        "in EUR",
        "Everyone here sees amounts",
        "Everyone may ask",
        "no limit",
        "!policy limit none",
    ):
        assert shown in told


@pytest.mark.parametrize(
    ("words_", "shown"),
    [
        ("currency usd", "is in USD"),
        ("receipts private", "Only payer and payee see amounts"),
        ("requests nobody", "Nobody may ask"),
        ("requests moderators", "Only moderators may ask"),
        ("limit 20", "at most 20.00 EUR"),
    ],
)
async def test_a_moderator_changes_what_holds(dinner: House, words_: str, shown: str) -> None:
    changed = await dinner.hear(ALICE, f"!policy {words_}", DINNER)
    asked = await dinner.hear(CAROL, "!policy", DINNER)

    assert keys(changed) == keys(asked) == ["policy.shown"]
    assert words(changed).startswith("✓ Changed. ")
    assert shown in words(changed)
    assert words(changed).removeprefix("✓ Changed. ") == words(asked)


async def test_what_was_changed_can_be_changed_again(dinner: House) -> None:
    for line, shown in (
        ("limit 20 EUR", "20.00 EUR"),
        ("limit 30 EUR", "30.00 EUR"),
        ("limit none", "no limit"),
        ("receipts private", "Only payer"),
        ("receipts public", "Everyone here sees"),
        ("currency USD", "in USD"),
        ("currency none", "in EUR"),
    ):
        assert shown in words(await dinner.hear(ALICE, f"!policy {line}", DINNER))


async def test_who_lacks_the_power_is_told_who_has_it(dinner: House) -> None:
    refused = await dinner.hear(BOB, "!policy receipts private", DINNER)

    assert keys(refused) == ["error.may_not_set_policy"]
    assert dinner.dispatcher.refused == {"error.may_not_set_policy": 1}
    assert "power level 50" in words(refused)
    assert ALICE in words(refused)
    assert "Everyone here sees" in words(await dinner.hear(BOB, "!policy", DINNER))


async def test_a_room_may_ask_more_or_less_power_for_it(dinner: House) -> None:
    event = "org.paybridge.policy"
    dinner.rooms.levels[DINNER] = Powers({ALICE: 50, BOB: 10, BOT: 100}, events={event: 75})
    refused = await dinner.hear(ALICE, "!policy limit 5 EUR", DINNER)
    assert keys(refused) == ["error.may_not_set_policy"]
    assert BOT not in words(refused)

    dinner.rooms.levels[DINNER] = Powers({BOB: 10}, events={event: 10})
    assert keys(await dinner.hear(BOB, "!policy limit 5 EUR", DINNER)) == ["policy.shown"]
    assert keys(await dinner.hear(CAROL, "!policy limit 9 EUR", DINNER)) == ["error.may_not_set_policy"]


@pytest.mark.parametrize("proof", [HomeserverOnly(), OwnDevice(Trust.CROSS_SIGNED_UNTRUSTED, "PHONE")])
async def test_who_cannot_be_proven_changes_nothing(dinner: House, proof: HomeserverOnly | OwnDevice) -> None:
    refused = await dinner.hear(ALICE, "!policy receipts private", DINNER, proof=proof)

    assert keys(refused) == ["error.device_not_proven"]
    assert keys(await dinner.hear(ALICE, "!policy", DINNER, proof=proof)) == ["policy.shown"]


@pytest.mark.parametrize("line", ["colour blue", "receipts", "receipts secret", "limit all", "currency BTX"])
async def test_what_is_no_setting_is_refused_with_a_line_that_works(dinner: House, line: str) -> None:
    refused = await dinner.hear(ALICE, f"!policy {line}", DINNER)

    assert refused[0].key.startswith("error.")
    assert refused[0].lines


# ---------------------------------------------------------------- the tighter of both


async def test_the_state_event_and_what_is_typed_hold_together(dinner: House) -> None:
    state(dinner, Policy(receipts=Receipts.PRIVATE, limit=Money(2000, "EUR")))
    await dinner.hear(ALICE, "!policy requests nobody", DINNER)
    await dinner.hear(ALICE, "!policy limit 15 EUR", DINNER)
    held = await dinner.desk.policies.of(DINNER)

    assert held == Policy(None, Receipts.PRIVATE, Asking.NOBODY, Money(1500, "EUR"))


@pytest.mark.parametrize(
    "line", ["receipts public", "requests anyone", "limit 21 EUR", "limit none", "currency USD"]
)
async def test_nothing_looser_than_the_state_event_can_be_typed(dinner: House, line: str) -> None:
    state(dinner, Policy("EUR", Receipts.PRIVATE, Asking.NOBODY, Money(2000, "EUR")))

    assert keys(await dinner.hear(ALICE, f"!policy {line}", DINNER)) == ["error.held_by_state_event"]
    assert await dinner.book.room_policy(DINNER) is None


async def test_a_state_event_that_says_more_loosens_nothing(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    await dinner.hear(ALICE, "!policy limit 15 EUR", DINNER)
    state(dinner, Policy(limit=Money(10**6, "EUR")))

    held = await dinner.desk.policies.of(DINNER)
    assert (held.receipts, held.limit) == (Receipts.PRIVATE, Money(1500, "EUR"))


async def test_what_does_not_count_is_said(dinner: House) -> None:
    dinner.rooms.stated[DINNER] = StatedPolicy(flaws=(Flaw.SENDER,))
    assert "lacks the power" in words(await dinner.hear(BOB, "!policy", DINNER))
    dinner.rooms.stated[DINNER] = StatedPolicy(flaws=(Flaw.LIMIT, Flaw.CURRENCY))
    assert "cannot read: limit, currency." in words(await dinner.hear(BOB, "!policy", DINNER))


@pytest.mark.parametrize("line", ["receipts public", "requests moderators", "limit 51 EUR", "limit none"])
async def test_nothing_looser_than_the_operators_policy_can_be_typed(dinner: House, line: str) -> None:
    operators = Policy(receipts=Receipts.PRIVATE, requests=Asking.NOBODY, limit=Money(5000, "EUR"))
    strict = Policies(dinner.book, dinner.rooms, replace(dinner.desk.settings, policy=operators))
    house = replace(dinner.desk, policies=strict)
    dinner.dispatcher = Dispatcher(house, commands(), QuietBell())

    assert keys(await dinner.hear(ALICE, f"!policy {line}", DINNER)) == ["error.held_by_operator"]
    assert keys(await dinner.hear(ALICE, "!policy limit 49 EUR", DINNER)) == ["policy.shown"]
    assert await strict.of(DINNER) == replace(operators, limit=Money(4900, "EUR"))


# ---------------------------------------------------------------- effects


async def test_an_amount_without_a_currency_is_in_the_rooms(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy currency JPY", DINNER)
    refused = await dinner.hear(ALICE, f"!pay {BOB} 5", DINNER)
    asked = await dinner.hear(BOB, f"!request {ALICE} 500", DINNER)
    own = await dinner.hear(ALICE, "!topup 5", DINNER)

    assert "JPY" in words(refused)
    assert asked[0].facts["amount"] == Money(500, "JPY")
    assert own[-1].facts["amount"] == Money(500, "EUR")


async def test_a_payment_over_the_rooms_limit_is_refused_with_one_that_is_not(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 10 EUR", DINNER)
    (refused,) = await dinner.hear(ALICE, f"!pay {BOB} 10,01 EUR", DINNER)

    assert refused.key == "error.over_the_room_limit"
    assert words([refused]).startswith("Nothing was sent. In this room one payment may be at most 10.00 EUR.")
    assert len(refused.lines) == 1
    assert keys(await dinner.hear(ALICE, refused.lines[0], DINNER)) == ["pay.card"]


async def test_a_limit_that_came_after_the_card_counts(dinner: House) -> None:
    await dinner.hear(ALICE, f"!pay {BOB} 10 EUR", DINNER)
    await dinner.hear(ALICE, "!policy limit 5 EUR", DINNER)
    (refused,) = await dinner.hear(ALICE, "!yes", DINNER)

    assert (refused.key, refused.lines) == ("error.over_the_room_limit", ("!policy",))
    assert dinner.rail.moved == []


async def test_ones_own_money_knows_no_limit_of_a_room(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 1 EUR", DINNER)
    await dinner.hear(ALICE, "!topup 50 EUR", DINNER)
    await dinner.hear(ALICE, "!yes", DINNER)
    await dinner.carry()

    assert await dinner.balance(ALICE) == 5000


@pytest.mark.parametrize(
    ("requests", "bobs", "alices"),
    [
        ("nobody", "error.nobody_may_ask", "error.nobody_may_ask"),
        ("moderators", "error.only_moderators_may_ask", "request.asked"),
        ("members", "request.asked", "request.asked"),
    ],
)
async def test_who_may_ask(dinner: House, requests: str, bobs: str, alices: str) -> None:
    await dinner.hear(ALICE, f"!policy requests {requests}", DINNER)

    assert keys(await dinner.hear(BOB, f"!request {CAROL} 5 EUR", DINNER)) == [bobs]
    assert keys(await dinner.hear(ALICE, f"!request {CAROL} 5 EUR", DINNER)) == [alices]


async def test_nobody_asks_for_more_than_may_be_paid(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 5 EUR", DINNER)
    (refused,) = await dinner.hear(BOB, f"!request {ALICE} 6 EUR", DINNER)

    assert refused.key == "error.over_the_room_limit"
    assert keys(await dinner.hear(BOB, refused.lines[0], DINNER)) == ["request.asked"]


# ---------------------------------------------------------------- private receipts


async def test_a_private_room_reads_who_paid_whom_and_no_amount(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await pays(dinner)
    shown = in_room(said)

    assert keys(shown) == ["pay.private.card", "pay.private.on_its_way", "pay.private.receipt"]
    payment = shown[0].facts["payment"]
    assert words(shown[-1:]) == f"✓ Alice ({ALICE}) paid Bob ({BOB}) · {payment}"
    for say in shown:
        assert "12" not in words([say])
        assert "pizza" not in words([say])
        assert say.about is not None
        assert {"amount", "fee"} & set(say.about) == set()
        assert (say.about["id"], say.about["payer"], say.about["payee"]) == (payment, ALICE, BOB)
    assert shown[0].about is not None
    assert len(str(shown[0].about["code"])) == 4


async def test_payer_and_payee_read_the_rest_alone(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await pays(dinner)
    alices = [say for say in said if say.person == ALICE]
    bobs = [say for say in said if say.person == BOB]

    assert keys(alices) == ["pay.card", "pay.on_its_way", "pay.own.receipt"]
    assert "!confirm" in words(alices[:1])
    assert "You paid Bob" in words(alices)
    assert keys(bobs) == ["pay.received"]
    assert "12.50 EUR for “pizza”" in words(bobs)
    assert "!cashout 12.50 EUR" in words(bobs)


async def test_a_card_in_the_direct_message_is_confirmed_there(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await dinner.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    (card,) = [say for say in said if say.person == ALICE]
    assert card.about is not None
    confirmed = await dinner.hear(ALICE, f"!confirm {card.about['code']}", direct(ALICE))

    assert keys(confirmed) == ["pay.private.on_its_way", "pay.on_its_way"]


async def test_money_that_waits_and_goes_back_names_no_amount_in_a_private_room(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await pays(dinner, f"!pay {CAROL} 12,50 EUR")
    assert keys(in_room(said))[-1] == "pay.private.waiting"
    assert [say.key for say in said if say.person == CAROL] == ["claim.waiting"]
    (payment,) = {say.facts["payment"] for say in said}
    back = await dinner.hear(CAROL, f"!return {payment}", DINNER)

    assert "pay.private.returned" in keys(in_room(back))
    assert "12" not in words(in_room(back)).replace(str(payment), "")
    assert [say.key for say in back if say.person == ALICE] == [
        "pay.returned.sent_back",
        "pay.returned.to_payer",
    ]


async def test_requests_in_a_private_room_name_no_amount(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await dinner.hear(BOB, f"!request {ALICE} 8 EUR for taxi", DINNER)
    payment = str(said[0].facts["payment"])
    assert keys(said) == ["request.private.asked", "request.asked"]
    assert said[0].about is not None
    assert "amount" not in said[0].about
    assert (said[1].person, said[1].facts["amount"]) == (ALICE, Money(800, "EUR"))

    card = await dinner.hear(ALICE, f"!accept {payment}", direct(ALICE))
    assert [(say.key, say.room, say.person) for say in card] == [
        ("pay.private.card", DINNER, None),
        ("pay.card", None, ALICE),
    ]
    await dinner.hear(ALICE, "!yes", direct(ALICE))
    shown = in_room(await dinner.carry())

    assert keys(shown) == ["pay.private.receipt", "request.private.paid"]
    assert "8" not in words(shown).replace(payment, "").replace(str(shown[0].facts["payment"]), "")


async def test_why_a_request_is_declined_is_told_to_who_asked_alone(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await dinner.hear(BOB, f"!request {ALICE} 8 EUR for taxi", DINNER)
    declined = await dinner.hear(ALICE, f"!decline {said[0].facts['payment']} it was 7 EUR", DINNER)

    assert keys(declined) == ["request.private.declined", "request.declined"]
    assert "7 EUR" not in words(declined[:1])
    assert declined[1].person == BOB
    assert "7 EUR" in words(declined[1:])


async def test_where_something_stands_is_told_directly_in_a_private_room(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    said = await dinner.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    answered = await dinner.hear(ALICE, f"!status {said[0].facts['payment']}", DINNER)

    assert [(say.key, say.room, say.person) for say in answered] == [
        ("reply.see_direct_message", DINNER, None),
        ("status.awaiting_approval", None, ALICE),
    ]


async def test_what_was_claimed_is_told_directly_in_a_private_room(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy receipts private", DINNER)
    await pays(dinner, f"!pay {CAROL} 12,50 EUR")
    await dinner.link(CAROL, "DE75512108001245126199")
    claimed = await dinner.hear(CAROL, "!claim", DINNER)

    assert keys(in_room(claimed)) == ["reply.see_direct_message", "pay.private.claimed"]
    assert [say.key for say in claimed if say.person == CAROL] == ["claim.done"]


async def test_a_room_that_turns_private_reads_a_receipt_without_amounts(dinner: House) -> None:
    await dinner.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    state(dinner, Policy(receipts=Receipts.PRIVATE))
    await dinner.hear(ALICE, "!yes", DINNER)

    assert keys(in_room(await dinner.carry())) == ["pay.private.receipt"]


# ---------------------------------------------------------------- upgrades


async def test_an_upgraded_room_starts_with_what_held_in_the_old_one(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 20 EUR", DINNER)
    state(dinner, Policy(receipts=Receipts.PRIVATE))
    upgrade(dinner)

    assert await dinner.desk.policies.of(UPGRADED) == Policy(
        receipts=Receipts.PRIVATE, limit=Money(2000, "EUR")
    )


async def test_afterwards_the_old_room_no_longer_counts(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 20 EUR", DINNER)
    upgrade(dinner)
    await dinner.hear(BOB, "!policy", UPGRADED)
    await dinner.hear(ALICE, "!policy limit 1 EUR", DINNER)
    assert (await dinner.desk.policies.of(UPGRADED)).limit == Money(2000, "EUR")

    await dinner.hear(ALICE, "!policy limit 30 EUR", UPGRADED)
    assert (await dinner.desk.policies.of(UPGRADED)).limit == Money(3000, "EUR")
    assert (await dinner.desk.policies.of(DINNER)).limit == Money(100, "EUR")


async def test_a_room_that_only_claims_to_be_the_upgrade_inherits_nothing(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 20 EUR", DINNER)
    upgrade(dinner)
    del dinner.rooms.upgraded[UPGRADED]

    assert await dinner.desk.policies.of(UPGRADED) == Policy()


async def test_rooms_that_succeed_each_other_in_a_circle_end_somewhere(dinner: House) -> None:
    upgrade(dinner)
    dinner.rooms.upgraded[DINNER] = UPGRADED

    assert await dinner.desk.policies.of(UPGRADED) == Policy()


async def test_a_change_that_another_one_overtook_is_decided_again(dinner: House) -> None:
    await dinner.hear(ALICE, "!policy limit 20 EUR", DINNER)
    kept = await dinner.book.room_policy(DINNER)
    assert kept is not None
    stale = replace(kept, policy=Policy())
    await dinner.hear(ALICE, "!policy receipts private", DINNER)

    with pytest.raises(Exception, match="has left version 1"):
        await dinner.book.commit(Step(records=(stale,)))
    assert await dinner.book.room_policy(DINNER) == RoomPolicy(
        DINNER, Policy(receipts=Receipts.PRIVATE, limit=Money(2000, "EUR")), 2
    )


async def test_whoever_has_chosen_no_language_is_spoken_to_in_that_of_the_room(dinner: House) -> None:
    await dinner.hear(CAROL, "!lang en")
    changed = await dinner.hear(ALICE, "!policy language 中文", DINNER)
    said = await pays(dinner)

    assert "!policy language zh" in words(changed)
    assert {say.language for say in in_room(said)} == {"zh"}
    assert [say.language for say in await dinner.hear(CAROL, "!policy", DINNER)] == ["en"]
    assert [say.language for say in await dinner.hear(ALICE, "!help")] == ["en"]


async def test_a_language_that_nobody_speaks_here_is_refused_with_those_that_are(
    dinner: House,
) -> None:
    (said,) = await dinner.hear(ALICE, "!policy language klingon", DINNER)

    assert said.key == "error.no_such_choice"
    assert said.facts["candidates"] == "en, zh"
