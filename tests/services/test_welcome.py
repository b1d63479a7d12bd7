"""What somebody reads who asks for help before the bot knows them."""

from __future__ import annotations

from tests.fakes.house import ALICE, BOB, DINNER, House, direct, keys, words


async def test_the_first_help_in_the_direct_message_begins_with_a_welcome_once(house: House) -> None:
    first = await house.hear(ALICE, "!help", direct(ALICE))
    again = await house.hear(ALICE, "!help", direct(ALICE))

    assert keys(first) == keys(again) == ["help.all"]
    assert "!privacy" in words(first).splitlines()[3]
    assert words(first).endswith("\n" + words(again))


async def test_whoever_says_hello_to_the_bot_alone_is_welcomed_and_told_what_it_does(house: House) -> None:
    first = words(await house.hear(ALICE, "hello", direct(ALICE)))
    in_the_room = await house.hear(BOB, "hello", DINNER)

    assert first.startswith("Welcome!")
    assert first.endswith(words(await house.hear(ALICE, "!help", direct(ALICE))))
    assert in_the_room == []


async def test_the_room_is_not_welcomed_and_somebody_known_is_not_either(house: House) -> None:
    in_the_room = words(await house.hear(ALICE, "!help", DINNER))
    met = await house.book.person_of(ALICE)
    await house.link(BOB)
    known = words(await house.hear(BOB, "!help", direct(BOB)))

    assert met is None
    assert in_the_room == known


async def test_help_ends_with_the_version(house: House) -> None:
    assert words(await house.hear(ALICE, "!help", direct(ALICE))).endswith(" · PayBridge 1.2.3")
