"""People whose client is Element's own pay and are paid, also in its mode that trusts signed devices only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from paybridge.demo.person import Person
from paybridge.demo.stage import Choices, Stage
from tests.flows.dinner import HELP, about, new_iban, payment_of, sit_down
from tests.flows.element import ElementPerson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.demo.homeserver import Homeserver
    from paybridge.demo.timeline import Seen
    from tests.flows.dinner import Guest
    from tests.flows.element import Element, ElementPeople
    from tests.harness import People

both_modes = pytest.mark.parametrize(
    "signed_devices_only", [False, True], ids=["all devices", "signed devices only"]
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage_of_an_unsigned_bot(
    homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The same program, but nobody vouches for its device.

    Somebody has reset the account's identity elsewhere, and the bot, which has a token and no password,
    cannot take it back.
    """
    folder, choices = tmp_path_factory.mktemp("unsigned"), Choices(localpart="unsigned-bot")
    async with Stage(folder, homeserver, choices=choices) as stage:
        await stage.bot.stop()
        config = json.loads(stage.config_file.read_text())
        password = config["homeserver"].pop("password")
        account = json.loads((stage.data_dir / "matrix.json").read_text())
        config["homeserver"] |= {name: account[name] for name in ("access_token", "device_id")}
        stage.config_file.write_text(json.dumps(config))
        elsewhere = await Person.arrive(homeserver.url, stage.bot_id, password, folder / "elsewhere")
        await elsewhere.leave()
        await stage.start_bot()
        yield stage


def said_by_the_bot(guest: Guest) -> list[Seen]:
    """Everything that it said to them, wherever."""
    rooms = {guest.room, guest.chat}
    seen = [seen for room in rooms for seen in guest.person.timeline(room)]
    return [one for one in seen if one.sender == guest.stage.bot_id]


def is_trusted(seen: Seen) -> bool:
    return seen.encrypted and seen.readable and seen.shield is None


@both_modes
async def test_element_links_pays_and_reads_everything_without_a_shield(
    stage: Stage, people: People, element_people: ElementPeople, *, signed_devices_only: bool
) -> None:
    phones = (
        await element_people.arrive("Eve", signed_devices_only=signed_devices_only),
        await people.arrive("Bob", signed_devices_only=signed_devices_only),
    )
    eve, bob = await sit_down(stage, *phones)
    await eve.links()
    card = await eve.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    await eve.confirms(card)
    receipt = await eve.sees(payment_of(card), "claimable")
    pizza = await bob.types("thank you")
    await eve.person.wait_for(eve.room, lambda seen: seen.event_id == pizza)
    second = await eve.drafts("!pay 1 EUR for the tip", reply_to=pizza)
    await eve.types("!yes")
    await eve.sees(payment_of(second), "claimable")

    assert about(second)["payee"] == bob.id
    assert receipt.event_id == card.event_id
    assert await eve.moved(payment_of(card)) == [-1250]
    assert await eve.moved(payment_of(second)) == [-100]
    assert len(said_by_the_bot(eve)) == 4
    assert all(map(is_trusted, said_by_the_bot(eve)))


@both_modes
async def test_element_is_paid_invited_links_and_claims_without_a_shield(
    stage: Stage, people: People, element_people: ElementPeople, *, signed_devices_only: bool
) -> None:
    phones = (
        await people.arrive("Alice", signed_devices_only=signed_devices_only),
        await element_people.arrive("Eve", signed_devices_only=signed_devices_only),
    )
    alice, eve = await sit_down(stage, *phones)
    await alice.links()
    waiting = await alice.pays(f"!pay {eve.id} 12,50 EUR for pizza", ends="claimable")
    told = await eve.person.wait_for(None, lambda seen: "!link bank" in seen.body)
    eve.chat = told.room_id
    await eve.links()
    await eve.asks("!claim", "12.50 EUR now in your PayBridge balance", eve.chat)
    claimed = await eve.sees(payment_of(waiting), "claimed")
    cashout = await eve.drafts("!cashout all", eve.chat)
    await eve.types("!yes", eve.chat)
    await eve.sees(payment_of(cashout), "settled", eve.chat)

    assert claimed.event_id == waiting.event_id
    assert eve.edits_of(waiting)[-2]["m.mentions"] == {"user_ids": [eve.id]}
    assert await eve.moved(payment_of(cashout)) == [1250]
    assert len(said_by_the_bot(eve)) == 6
    assert all(map(is_trusted, said_by_the_bot(eve)))


async def test_element_in_its_signed_devices_mode_reads_nothing_of_an_unsigned_bot(
    stage_of_an_unsigned_bot: Stage, people: People, element_people: ElementPeople
) -> None:
    phones = await element_people.arrive("Eve", signed_devices_only=True), await people.arrive("Bob")
    eve, bob = await sit_down(stage_of_an_unsigned_bot, *phones)
    helped = await bob.asks("!help", HELP)
    unread = await eve.person.wait_for(eve.room, lambda seen: seen.event_id == helped.event_id)

    assert (unread.failure, unread.body) == ("UNSIGNED_SENDER_DEVICE", "")


@pytest.mark.slow
async def test_an_unsigned_bot_cannot_read_element_in_its_signed_devices_mode_and_says_so(
    stage_of_an_unsigned_bot: Stage, people: People, element_people: ElementPeople
) -> None:
    phones = await element_people.arrive("Eve", signed_devices_only=True), await people.arrive("Bob")
    eve, bob = await sit_down(stage_of_an_unsigned_bot, *phones)
    typed = await eve.types("!help")
    complaint = await bob.hears("your client keeps its keys from me")

    assert complaint.content["m.relates_to"] == {"m.in_reply_to": {"event_id": typed}}
    assert not any(seen.readable for seen in said_by_the_bot(eve))


async def test_element_shows_a_shield_beside_what_an_unsigned_bot_says(
    stage_of_an_unsigned_bot: Stage, element_people: ElementPeople
) -> None:
    careless = await element_people.arrive("Careless")
    (eve,) = await sit_down(stage_of_an_unsigned_bot, careless)
    answer = await eve.asks("!help", HELP)

    assert answer.shield == "UNSIGNED_DEVICE"


async def test_a_session_of_element_that_nobody_has_verified_approves_nothing_and_is_told_what_to_do(
    stage: Stage, people: People, element: Element
) -> None:
    phone, bob = await people.arrive("Alice"), await people.arrive("Bob")
    alice, bobs = await sit_down(stage, phone, bob)
    await alice.links()
    card = await alice.drafts(f"!pay {bobs.id} 5 EUR")
    session = await ElementPerson.arrive(
        element, people.homeserver.url, alice.id, people.password, "Alice", cross_signed=False
    )
    typed = await session.say(alice.room, f"!confirm {about(card)['code']}")
    refused = await alice.hears("Nothing was sent.", after=typed)
    before = await alice.moved(payment_of(card))
    await alice.confirms(card)
    await alice.sees(payment_of(card), "claimable")
    await session.leave()

    assert "verify your session" in refused.body
    assert "in Element: Settings" in refused.body
    assert before == []
    assert await alice.moved(payment_of(card)) == [-500]


async def test_somebody_in_element_without_any_identity_approves_nothing_and_is_told_what_to_do(
    stage: Stage, people: People, element_people: ElementPeople
) -> None:
    phones = await element_people.arrive("Eve", cross_signed=False), await people.arrive("Bob")
    eve, bob = await sit_down(stage, *phones)
    await eve.opens_chat()
    refused = await eve.asks(f"!link bank {new_iban()}", "verify your session", eve.chat)
    await eve.asks(f"!pay {bob.id} 5 EUR", "Nothing was sent.")

    assert "in Element: Settings" in refused.body
