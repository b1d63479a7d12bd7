"""The surroundings themselves: people on a real homeserver see what others say, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.demo.person import FULL_TIMELINE, NothingSeenError

if TYPE_CHECKING:
    from tests.flows.element import ElementPeople
    from tests.harness import People

pytestmark = pytest.mark.flow


async def test_two_people_talk_both_ways_in_an_encrypted_room(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await alice.create_room("Pizza", [bob.user_id])

    await alice.say(room, "hello Bob")
    heard = await bob.wait_for(room, lambda seen: seen.body == "hello Bob")
    await bob.say(room, "hello Alice", reply_to=heard.event_id)
    answer = await alice.wait_for(room, lambda seen: seen.body == "hello Alice")

    assert (heard.sender, heard.encrypted) == (alice.user_id, True)
    assert (answer.sender, answer.encrypted) == (bob.user_id, True)
    assert answer.content["m.relates_to"] == {"m.in_reply_to": {"event_id": heard.event_id}}
    assert answer.content["m.mentions"] == {"user_ids": [alice.user_id]}


async def test_an_edit_takes_the_place_of_what_was_said(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await alice.create_room("Pizza", [bob.user_id])

    said = await alice.say(room, "five euro")
    await alice.edit(room, said, "six euro")
    await alice.edit(room, said, "seven euro")
    seen = await bob.wait_for(room, lambda seen: seen.body == "seven euro")

    assert (seen.event_id, seen.edited, seen.encrypted) == (said, 2, True)
    assert [message.body for message in bob.timeline(room)] == ["seven euro"]


async def test_an_edit_by_someone_else_changes_nothing(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await alice.create_room("Pizza", [bob.user_id])

    said = await alice.say(room, "five euro")
    await bob.wait_for(room, lambda seen: seen.event_id == said)
    await bob.edit(room, said, "six euro")
    await bob.say(room, "there")
    await alice.wait_for(room, lambda seen: seen.body == "there")

    assert [message.body for message in alice.timeline(room)] == ["five euro", "there"]


async def test_a_pill_names_a_person_and_links_to_them(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob <b>")
    room = await alice.direct_room_with(bob.user_id)

    await alice.say(room, f"!pay {bob.user_id} 5 EUR", mention=bob.user_id)
    seen = await bob.wait_for(None, lambda seen: "5 EUR" in seen.body)

    assert seen.room_id == room == await alice.direct_room_with(bob.user_id)
    assert seen.body == "!pay Bob <b> 5 EUR"
    assert seen.formatted_body is not None
    assert f'<a href="https://matrix.to/#/{bob.user_id}">Bob &lt;b&gt;</a>' in seen.formatted_body
    assert seen.content["m.mentions"] == {"user_ids": [bob.user_id]}


async def test_plaintext_in_an_encrypted_room_is_seen_to_be_plain(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await alice.create_room("Pizza", [bob.user_id])

    await alice.say_plain(room, "not secret")
    seen = await bob.wait_for(room, lambda seen: seen.body == "not secret")

    assert not seen.encrypted


async def test_waiting_in_vain_shows_what_was_said_instead(people: People) -> None:
    alice = await people.arrive("Alice")
    room = await alice.create_room("Pizza")
    await alice.say(room, "something else")
    await alice.wait_for(room, lambda seen: seen.body == "something else")

    with pytest.raises(NothingSeenError, match="something else"):
        await alice.wait_for(room, lambda seen: seen.body == "never", timeout=0)


async def test_a_careful_person_shares_keys_with_signed_devices_only(people: People) -> None:
    careful = await people.arrive("Careful", signed_devices_only=True)
    signed, unsigned = await people.arrive("Signed"), await people.arrive("Unsigned", cross_signed=False)
    room = await careful.create_room("Pizza", [signed.user_id, unsigned.user_id])

    said = await careful.say(room, "for signed devices")
    read = await signed.wait_for(room, lambda seen: seen.event_id == said)
    unread = await unsigned.wait_for(room, lambda seen: seen.event_id == said)

    assert read.body == "for signed devices"
    assert (unread.readable, unread.body) == (False, "")


async def test_a_person_who_looked_away_for_long_sees_everything_in_order(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await alice.create_room("Pizza", [bob.user_id])
    await alice.wait_for_member(room, bob.user_id)
    first = await alice.say(room, "see you")
    await bob.wait_for(room, lambda seen: seen.event_id == first)

    await bob.look_away()
    said = [await alice.say(room, f"message {number}") for number in range(FULL_TIMELINE + 10)]
    bob.look_back()
    await bob.wait_for(room, lambda seen: seen.event_id == said[-1])

    assert [seen.event_id for seen in bob.timeline(room)] == [first, *said]
    assert all(seen.readable for seen in bob.timeline(room))


async def test_people_outlive_a_restart_of_the_homeserver(people: People) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await alice.create_room("Pizza", [bob.user_id])
    await alice.wait_for_member(room, bob.user_id)

    await people.homeserver.stop()
    await people.homeserver.start()
    said = await alice.say(room, "still here")
    seen = await bob.wait_for(room, lambda seen: seen.event_id == said)

    assert seen.body == "still here"


async def test_a_second_device_with_the_same_seeds_is_the_same_person(people: People) -> None:
    phone = await people.arrive("Alice")
    laptop = await people.arrive("Alice", user_id=phone.user_id, seeds=phone.seeds)
    careful = await people.arrive("Careful", signed_devices_only=True)
    room = await careful.create_room("Pizza", [phone.user_id])

    said = await careful.say(room, "to all your devices")
    on_phone = await phone.wait_for(room, lambda seen: seen.event_id == said)
    on_laptop = await laptop.wait_for(room, lambda seen: seen.event_id == said)

    assert on_phone.body == on_laptop.body == "to all your devices"


@pytest.mark.parametrize("signed_devices_only", [False, True])
async def test_element_and_a_signed_person_talk_both_ways(
    people: People, element_people: ElementPeople, *, signed_devices_only: bool
) -> None:
    eve = await element_people.arrive("Eve", signed_devices_only=signed_devices_only)
    bob = await people.arrive("Bob", signed_devices_only=signed_devices_only)
    room = await eve.create_room("Pizza", [bob.user_id])
    await eve.wait_for_member(room, bob.user_id)

    asked = await eve.say(room, f"{bob.user_id}, pizza?", mention=bob.user_id)
    heard = await bob.wait_for(room, lambda seen: seen.event_id == asked)
    answered = await bob.say(room, "yes", reply_to=asked)
    await bob.edit(room, answered, "yes, please")
    answer = await eve.wait_for(room, lambda seen: seen.edited == 1)

    assert (heard.body, heard.encrypted) == ("Bob, pizza?", True)
    assert (answer.event_id, answer.body, answer.encrypted) == (answered, "yes, please", True)
    assert answer.shield is None
    assert [seen.body for seen in eve.timeline(room)] == ["Bob, pizza?", "yes, please"]


async def test_element_in_its_signed_devices_mode_and_an_unsigned_person_cannot_read_each_other(
    people: People, element_people: ElementPeople
) -> None:
    eve = await element_people.arrive("Eve", signed_devices_only=True)
    bob = await people.arrive("Bob", cross_signed=False)
    room = await eve.create_room("Pizza", [bob.user_id])
    await eve.wait_for_member(room, bob.user_id)

    asked = await eve.say(room, "pizza?")
    unheard = await bob.wait_for(room, lambda seen: seen.event_id == asked)
    answered = await bob.say(room, "what did you say?")
    unread = await eve.wait_for(room, lambda seen: seen.event_id == answered)

    assert (unheard.readable, unheard.body) == (False, "")
    assert (unread.failure, unread.body) == ("UNSIGNED_SENDER_DEVICE", "")


async def test_element_shows_a_shield_beside_what_an_unsigned_person_says(
    people: People, element_people: ElementPeople
) -> None:
    eve, bob = await element_people.arrive("Eve"), await people.arrive("Bob", cross_signed=False)
    room = await eve.direct_room_with(bob.user_id)
    await eve.wait_for_member(room, bob.user_id)

    said = await bob.say(room, "trust me")
    seen = await eve.wait_for(room, lambda seen: seen.event_id == said)

    assert (seen.body, seen.shield) == ("trust me", "UNSIGNED_DEVICE")


async def test_two_people_in_element_talk_and_one_edits_and_takes_back(
    element_people: ElementPeople,
) -> None:
    eve, mallory = await element_people.arrive("Eve"), await element_people.arrive("Mallory")
    room = await eve.create_room("Pizza", [mallory.user_id])
    await eve.wait_for_member(room, mallory.user_id)

    first = await eve.say(room, "five euro")
    second = await eve.say(room, "oops")
    await mallory.wait_for(room, lambda seen: seen.body == "oops")
    await eve.edit(room, first, "six euro")
    await eve.redact(room, second)
    await mallory.wait_for(room, lambda seen: seen.redacted)

    assert [(seen.body, seen.redacted) for seen in mallory.timeline(room)] == [
        ("six euro", False),
        ("", True),
    ]
