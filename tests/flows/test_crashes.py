"""Programs that are killed at the worst moment: money moves once, people are told once, nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from paybridge.demo.stage import Choices, Stage
from tests.flows.dinner import about, before_long, dinner, payment_of, sit_down

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.demo.homeserver import Homeserver
    from paybridge.demo.person import Person
    from paybridge.demo.timeline import Seen
    from tests.flows.dinner import Guest
    from tests.harness import People

ALICE_AND_BOB = ("Alice", "Bob")
SLOW, SILENT = "9003", "9004"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A bot and a bank of this file's own, since they are killed here; each test leaves both running."""
    choices = Choices(
        localpart="mortal",
        bank=("--slow-seconds", "1", "--hang-seconds", "2"),
        environment={"PAYBRIDGE__RAILS__BANK__TIMEOUT_SECONDS": "5"},
    )
    async with Stage(tmp_path_factory.mktemp("crashes"), homeserver, choices=choices) as standing:
        yield standing


async def readiness(stage: Stage) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{stage.web_url}/readyz") as answer:
        return answer.status, await answer.json()


async def is_ready(stage: Stage) -> bool:
    return (await readiness(stage))[0] == 200


async def order_is(stage: Stage, payment: str, *states: str) -> bool:
    """Whether the bank says one of these of a payment's order."""
    try:
        return str((await stage.bank_api(f"/v1/orders?reference={payment}/1"))["state"]) in states
    except aiohttp.ClientResponseError:
        return False


async def is_paid_once_and_told_once(alice: Guest, card: Seen, cents: int) -> None:
    payment = payment_of(card)
    receipt = await alice.sees(payment, "settled")
    audited = await alice.stage.audit()
    states = [edit["org.paybridge.payment"]["state"] for edit in alice.edits_of(receipt)]

    assert receipt.event_id == card.event_id
    assert len(alice.messages_about(payment)) == 1
    assert states.count("settled") == 1
    assert states[-1] == "settled"
    assert await alice.moved(payment) == [-cents]
    assert audited.passed, audited.output


def rooms_with(person: Person, other: str) -> list[str]:
    """The direct rooms of two people."""
    return [
        room.room_id for room in person.client.rooms.values() if set(room.users) == {person.user_id, other}
    ]


async def test_killed_as_soon_as_the_approval_was_typed(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await stage.bot.kill()
    await stage.start_bot()

    await is_paid_once_and_told_once(alice, card, 1250)


async def test_killed_when_the_payment_was_said_to_be_on_its_way(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await alice.sees_edited(card)
    await stage.bot.kill()
    await stage.start_bot()

    await is_paid_once_and_told_once(alice, card, 1250)


async def test_killed_while_a_slow_bank_has_taken_the_money_and_not_yet_settled(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB, script=SLOW)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await before_long(lambda: order_is(stage, payment_of(card), "pending", "settled"))
    await stage.bot.kill()
    await before_long(lambda: order_is(stage, payment_of(card), "settled"))
    await stage.start_bot()

    await is_paid_once_and_told_once(alice, card, 1250)


async def test_killed_while_the_bank_has_paid_and_does_not_answer(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB, script=SILENT)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await before_long(lambda: order_is(stage, payment_of(card), "settled"))
    await stage.bot.kill()
    await stage.start_bot()

    await is_paid_once_and_told_once(alice, card, 1250)


async def test_a_bank_that_pays_and_falls_silent_is_asked_until_it_says_so(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB, script=SILENT)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await is_paid_once_and_told_once(alice, card, 1250)
    unsure = [edit for edit in alice.edits_of(card) if edit["org.paybridge.payment"]["state"] == "unsure"]

    assert len(unsure) == 1
    assert "never send it twice" in unsure[0]["body"]


@pytest.mark.slow
async def test_killed_again_and_again_on_the_way_of_one_payment(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB, script=SLOW)
    typed = await alice.types(f"!pay {bob.id} 12,50 EUR for pizza")
    await stage.bot.kill()
    await stage.start_bot()
    card = await alice.hears("12.50 EUR", after=typed)
    await stage.bot.kill()
    await stage.start_bot()
    await alice.confirms(card)
    await stage.bot.kill()
    await stage.start_bot()
    await alice.sees_edited(card)
    await stage.bot.kill()
    await stage.start_bot()

    await is_paid_once_and_told_once(alice, card, 1250)


async def test_what_is_typed_while_the_bot_is_down_is_answered_when_it_is_back(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)
    card = await alice.drafts(f"!pay {bob.id} 2 EUR")
    await stage.bot.stop()
    await alice.types("!yes")
    typed = await alice.types(f"!pay {bob.id} 3 EUR")
    balance = await bob.types("!balance")
    await stage.start_bot()
    second = await alice.hears("3.00 EUR", after=typed)
    await bob.hears("I have written to you", after=balance)

    assert about(second)["state"] == "awaiting_approval"
    await is_paid_once_and_told_once(alice, card, 200)


async def test_a_restart_is_no_new_login_and_finds_every_direct_message_again(
    stage: Stage, people: People
) -> None:
    phones = [await people.arrive(name) for name in ALICE_AND_BOB]
    alice, bob = await sit_down(stage, *phones)
    await alice.links()
    first = await alice.pays(f"!pay {bob.id} 1 EUR", ends="claimable")
    told = await bob.person.wait_for(None, lambda seen: f"!return {payment_of(first)}" in seen.body)
    devices = await stage.homeserver.devices(stage.bot_id)
    for end in (stage.bot.stop, stage.bot.kill):
        await end()
        await stage.start_bot()
    second = await alice.pays(f"!pay {bob.id} 2 EUR", ends="claimable")
    again = await bob.person.wait_for(None, lambda seen: f"!return {payment_of(second)}" in seen.body)
    await alice.asks("!balance", "Your PayBridge balance", alice.chat)

    assert len(devices) == 1
    assert await stage.homeserver.devices(stage.bot_id) == devices
    assert again.room_id == told.room_id
    assert rooms_with(phones[1], stage.bot_id) == [told.room_id]
    assert rooms_with(phones[0], stage.bot_id) == [alice.chat]


async def test_a_payment_waits_for_a_bank_that_is_down_and_is_made_once_when_it_is_back(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await stage.bank.kill()
    await alice.confirms(card)
    delayed = await alice.hears("cannot be reached at the moment")
    status, parts = await readiness(stage)
    refused = await alice.asks(f"!pay {bob.id} 1 EUR", "Nothing was sent.")
    await stage.start_bank()

    await is_paid_once_and_told_once(alice, card, 1250)
    assert delayed.event_id == card.event_id
    assert status == 503
    assert {name for name, word in parts["parts"].items() if word != "ok"} == {"rail bank"}
    assert "bank cannot be reached" in refused.body
    await before_long(lambda: is_ready(stage))


async def test_a_bank_that_is_killed_with_the_money_in_its_hands_is_asked_and_not_told_again(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB, script=SILENT)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await before_long(lambda: order_is(stage, payment_of(card), "settled"))
    await stage.bank.kill()
    await alice.hears("has not answered clearly")
    await stage.start_bank()

    await is_paid_once_and_told_once(alice, card, 1250)


async def test_a_receipt_waits_for_a_homeserver_that_is_down(stage: Stage, people: People) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB, script=SLOW)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await alice.confirms(card)
    await before_long(lambda: order_is(stage, payment_of(card), "pending", "settled"))
    await stage.homeserver.stop()
    await before_long(lambda: order_is(stage, payment_of(card), "settled"))
    status, parts = await readiness(stage)
    await stage.homeserver.start()
    typed = await bob.types("!balance")
    await bob.hears("I have written to you", after=typed)

    assert status == 503
    assert parts["parts"]["matrix"] != "ok"
    await is_paid_once_and_told_once(alice, card, 1250)
    await before_long(lambda: is_ready(stage))
