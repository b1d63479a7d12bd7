"""What is never run, whoever types it: numbers alone, slash commands, and what comes too late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Pill, Trouble
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, PLAIN, House, direct, keys, words

CARD = "4111 1111 1111 1111"
REFUSED = ["error.card_number_typed"]


@pytest.mark.parametrize("room", [DINNER, PLAIN, direct(ALICE)])
async def test_a_card_number_alone_is_answered_once_an_hour_in_any_room(house: House, room: str) -> None:
    first = await house.hear(ALICE, CARD, room)
    again = await house.hear(ALICE, "4111-1111-1111-1111", room)
    of_another = await house.hear(BOB, CARD, room)
    house.clock.pass_by(timedelta(hours=1))

    assert keys(first) == keys(of_another) == REFUSED
    assert again == []
    assert "please delete your message" in words(first)
    assert "1111" not in words(first)
    assert keys(await house.hear(ALICE, CARD, room)) == REFUSED


@pytest.mark.parametrize("digits", ["493021", "4111 1111 1111 1112", "7", "12345678901"])
async def test_other_numbers_alone_say_nothing_yet(house: House, digits: str) -> None:
    assert await house.hear(ALICE, digits, DINNER) == []


@pytest.mark.parametrize(
    "typed", [f"!pay {BOB} 5 EUR for {CARD}", f"!link card {CARD}", f"!status {CARD}", f"!nonsense {CARD}"]
)
async def test_a_command_with_a_card_number_is_not_run_and_nothing_of_it_is_kept(
    house: House, typed: str
) -> None:
    await house.link(ALICE)

    said = await house.hear(ALICE, typed, DINNER)

    assert keys(said) == REFUSED
    assert "1111" not in words(said)
    assert words(said).startswith("Nothing was sent.") == typed.startswith("!pay")


@pytest.mark.parametrize("trouble", [*Trouble])
async def test_a_card_number_in_a_message_that_is_not_believed_is_not_said_again(
    house: House, trouble: Trouble
) -> None:
    said = await house.hear(ALICE, f"!pay {BOB} 5 EUR {CARD}", DINNER, trouble=trouble)

    assert keys(said) == REFUSED


async def test_a_stale_command_with_a_card_number_is_not_said_again(house: House) -> None:
    long_ago = house.clock.now() - timedelta(hours=1)

    assert keys(await house.hear(ALICE, f"!pay {BOB} 5 {CARD}", DINNER, sent=long_ago)) == REFUSED


async def test_people_who_are_called_by_a_number_can_be_paid(house: House) -> None:
    ghost = "@whatsapp_4111111111111111:hs"
    house.rooms.join(DINNER, ghost)
    await house.link(ALICE)
    pill = Pill(ghost, "+4111111111111111")

    by_id = await house.hear(ALICE, f"!pay {ghost} 5 EUR", DINNER)
    by_pill = await house.hear(ALICE, "!pay +4111111111111111 5 EUR", DINNER, pills=(pill,))
    by_bare_pill = await house.hear(
        ALICE, "!pay 4111111111111111 5 EUR", DINNER, pills=(Pill(ghost, "4111111111111111"),)
    )

    assert keys(by_id) == keys(by_pill) == keys(by_bare_pill) == ["pay.card"]


async def test_a_slash_command_of_a_native_person_is_left_alone_where_others_listen(house: House) -> None:
    assert await house.hear(ALICE, f"/pay {BOB} 5 EUR", DINNER) == []
    assert await house.hear(ALICE, "/yes", DINNER) == []
    assert await house.hear(ALICE, "/yes", PLAIN, proof=HomeserverOnly()) == []


async def test_thousands_of_stale_commands_give_one_message_per_room(house: House) -> None:
    await house.link(ALICE)
    long_ago = house.clock.now() - timedelta(minutes=5, seconds=1)
    said = []
    for number in range(200):
        who = (ALICE, BOB, CAROL)[number % 3]
        said += await house.hear(who, f"!pay {BOB} {number + 1} EUR", DINNER, sent=long_ago)
    elsewhere = await house.hear(ALICE, "!balance", sent=long_ago)
    house.clock.pass_by(timedelta(minutes=5))
    later = await house.hear(BOB, "!balance", DINNER, sent=long_ago)

    assert [(say.key, say.room) for say in said] == [("reply.too_old", DINNER)]
    assert f"!pay {BOB} 1 EUR" in words(said)
    assert keys(elsewhere) == keys(later) == ["reply.too_old"]
    assert await house.mailbox.letters() == []
