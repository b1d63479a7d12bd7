"""What the bot says on a real homeserver: in order, once, in the right place, whatever goes wrong between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.demo.homeserver import Homeserver
from paybridge.matrix.wire import Wire
from tests.flows.bot import Bot, running
from tests.harness import PASSWORD, People

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.person import Person


@pytest.fixture
async def me(people: People) -> str:
    return await people.account("PayBridge")


@pytest.fixture
async def bot(people: People, me: str, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running(people.homeserver.url, me, tmp_path / "bot", password=PASSWORD) as bot:
        yield bot


async def room_with(person: Person, other: str, *, encrypted: bool = True) -> str:
    room = await person.create_room("Pizza", [other], encrypted=encrypted)
    await person.wait_for_member(room, other)
    return room


async def test_a_reply_carries_the_payment_the_relation_and_whom_it_pings(
    people: People, me: str, bot: Bot
) -> None:
    alice = await people.arrive("Alice", signed_devices_only=True)
    room = await room_with(alice, me)
    asked = await alice.say(room, "!help")
    about = {"v": 1, "id": "PB-7K3QD"}

    await bot.say("First", room=room, reply_to=asked, notify=(alice.user_id,), about=about)
    first = await alice.wait_for(room, lambda seen: seen.body == "First")
    await bot.say("Second", room=room)
    second = await alice.wait_for(room, lambda seen: seen.body == "Second")

    assert (first.sender, first.encrypted) == (me, True)
    assert first.content["org.paybridge.payment"] == about
    assert first.content["m.relates_to"] == {"m.in_reply_to": {"event_id": asked}}
    assert first.content["m.mentions"] == {"user_ids": [alice.user_id]}
    assert second.content == {"msgtype": "m.text", "body": "Second", "m.mentions": {}}


@pytest.mark.parametrize("encrypted", [True, False])
async def test_posts_of_a_room_keep_their_order(
    people: People,
    me: str,
    bot: Bot,
    encrypted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me, encrypted=encrypted)
    said = [f"number {number}" for number in range(12)]

    for text in said:
        await bot.say(text, room=room)
    await alice.wait_for(room, lambda seen: seen.body == said[-1])

    assert [seen.body for seen in alice.timeline(room)] == said


async def test_posts_with_one_slot_are_one_message_brought_up_to_date(
    people: People, me: str, bot: Bot
) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)

    await bot.say("waiting", room=room, slot="payment/1", about={"state": "awaiting_approval"})
    card = await alice.wait_for(room, lambda seen: seen.body == "waiting")
    await bot.say("sent", room=room, slot="payment/1", notify=(alice.user_id,), about={"state": "settled"})
    edited = await alice.wait_for(room, lambda seen: seen.body == "sent")

    assert (edited.event_id, edited.edited) == (card.event_id, 1)
    assert edited.content["org.paybridge.payment"] == {"state": "settled"}
    newest = alice.raw(room)[-1]["content"]
    assert newest["org.paybridge.payment"] == {"state": "settled"}
    assert newest["m.mentions"] == {"user_ids": [alice.user_id]}


async def test_a_post_that_was_sent_but_not_marked_is_not_said_twice(
    people: People, me: str, tmp_path: Path
) -> None:
    alice = await people.arrive("Alice")
    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        room = await room_with(alice, me)
        await bot.say("before", room=room)
        await alice.wait_for(room, lambda seen: seen.body == "before")
    async with running(people.homeserver.url, me, folder, forgets_to_mark=True) as bot:
        post = await bot.say("once", room=room, slot="payment/1")
        first = await alice.wait_for(room, lambda seen: seen.body == "once")
    async with running(people.homeserver.url, me, folder) as bot:
        await bot.say("after", room=room)
        await alice.wait_for(room, lambda seen: seen.body == "after")
        slot = await bot.mailbox.slot("payment/1")
        left = await bot.mailbox.posts(0, 10)

    assert [seen.body for seen in alice.timeline(room)] == ["before", "once", "after"]
    assert slot == (room, first.event_id)
    assert post not in [waiting for _, waiting in left]


async def test_a_direct_room_is_made_once_and_found_again(people: People, me: str, tmp_path: Path) -> None:
    alice = await people.arrive("Alice")
    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD) as bot:
        await bot.say("hello", person=alice.user_id)
        hello = await alice.wait_for(None, lambda seen: seen.body == "hello")
    async with running(people.homeserver.url, me, folder) as bot:
        await bot.say("again", person=alice.user_id)
        again = await alice.wait_for(None, lambda seen: seen.body == "again")
        await bot.mailbox.remember(f"dm:{alice.user_id}", "!lost")
    async with running(people.homeserver.url, me, folder) as bot:
        await bot.say("and again", person=alice.user_id)
        third = await alice.wait_for(None, lambda seen: seen.body == "and again")

    assert hello.encrypted
    assert hello.room_id == again.room_id == third.room_id


async def test_the_room_that_a_person_opened_with_the_bot_is_their_direct_room(
    people: People, me: str, bot: Bot
) -> None:
    alice = await people.arrive("Alice")
    room = await alice.direct_room_with(me)
    await alice.wait_for_member(room, me)
    await alice.say(room, "!help")
    await bot.until_told("!help")

    await bot.say("hello", person=alice.user_id)
    hello = await alice.wait_for(None, lambda seen: seen.body == "hello")

    assert hello.room_id == room


async def test_a_person_who_left_the_direct_room_is_invited_back_to_it(people: People, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    await bot.say("hello", person=alice.user_id)
    room = (await alice.wait_for(None, lambda seen: seen.body == "hello")).room_id
    await leave(alice, room)
    await bot.until_gone(alice.user_id, room)

    await bot.say("again", person=alice.user_id)
    again = await alice.wait_for(None, lambda seen: seen.body == "again")

    assert again.room_id == room


async def test_a_direct_room_that_was_upgraded_is_followed_or_replaced(
    people: People, me: str, bot: Bot
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    await bot.say("hello", person=alice.user_id)
    await bot.say("hello", person=bob.user_id)
    old = (await alice.wait_for(None, lambda seen: seen.body == "hello")).room_id
    bobs = (await bob.wait_for(None, lambda seen: seen.body == "hello")).room_id
    new = await upgrade(alice, old)
    await upgrade(bob, bobs)
    await alice.invite(new, me)
    await alice.wait_for_member(new, me)
    await alice.say(new, "!help")
    await bot.until_told("!help")

    await bot.say("again", person=alice.user_id)
    await bot.say("again", person=bob.user_id)
    followed = await alice.wait_for(None, lambda seen: seen.body == "again")
    replaced = await bob.wait_for(None, lambda seen: seen.body == "again")

    assert (followed.room_id, followed.encrypted) == (new, True)
    assert replaced.room_id != bobs
    assert replaced.encrypted
    assert bot.aside == []


async def test_a_room_that_refuses_is_set_aside_and_delays_nobody(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    lost, kept = await room_with(alice, me), await room_with(alice, me)
    await kick(alice, lost, me)

    refused = await bot.say("to nobody", room=lost)
    await bot.say("to Alice", room=kept)
    await alice.wait_for(kept, lambda seen: seen.body == "to Alice")
    await alice.wait_until(lambda: bool(bot.aside))

    assert bot.aside == [(refused, "M_FORBIDDEN")]
    assert bot.side.readiness() is None


async def test_a_device_that_its_owner_did_not_sign_gets_no_keys(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    added = await people.arrive("Alice", user_id=alice.user_id, cross_signed=False)
    room = await room_with(alice, me)

    await bot.say("secret", room=room)
    read = await alice.wait_for(room, lambda seen: seen.body == "secret")
    unread = await added.wait_for(room, lambda seen: seen.event_id == read.event_id)

    assert read.readable
    assert not unread.readable


async def test_who_comes_later_reads_what_is_said_then(people: People, me: str, bot: Bot) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await room_with(alice, me)
    await bot.say("before Bob", room=room)
    await alice.wait_for(room, lambda seen: seen.body == "before Bob")

    await alice.invite(room, bob.user_id)
    await bob.wait_for_member(room, bob.user_id)
    await bob.say(room, "!hello")
    await bot.until_told("!hello")
    await bot.say("with Bob", room=room)
    seen = await bob.wait_for(room, lambda seen: seen.body == "with Bob")

    assert seen.encrypted


@pytest.mark.slow
async def test_what_is_said_while_the_homeserver_is_away_arrives_when_it_is_back(tmp_path: Path) -> None:
    async with Homeserver(tmp_path / "homeserver") as homeserver:
        people = People(homeserver, tmp_path)
        me = await people.account("PayBridge")
        async with running(homeserver.url, me, tmp_path / "bot", password=PASSWORD) as bot:
            alice = await people.arrive("Alice")
            room = await room_with(alice, me)
            await alice.say(room, "!first")
            await bot.until_told("!first")
            await homeserver.stop()

            await bot.say("one", room=room)
            await bot.say("two", room=room)
            await alice.wait_until(lambda: True)
            while bot.side.readiness() is None:
                await alice.wait_until(lambda: True)
            away = bot.side.readiness()
            await homeserver.start()
            await alice.wait_for(room, lambda seen: seen.body == "two")
        await people.leave()

    assert away == "matrix: homeserver unreachable"
    assert [seen.body for seen in alice.timeline(room)] == ["!first", "one", "two"]


async def kick(person: Person, room: str, mxid: str) -> None:
    wire = Wire(str(person.client.homeserver))
    wire.token = person.client.access_token
    await wire.post("rooms", room, "kick", body={"user_id": mxid})
    await wire.close()


async def leave(person: Person, room: str) -> None:
    wire = Wire(str(person.client.homeserver))
    wire.token = person.client.access_token
    await wire.post("rooms", room, "leave", body={})
    await wire.close()


async def upgrade(person: Person, room: str) -> str:
    """Put a new room in this one's place; the new one's id."""
    wire = Wire(str(person.client.homeserver))
    wire.token = person.client.access_token
    made = await wire.post("rooms", room, "upgrade", body={"new_version": "12"})
    await wire.close()
    return str(made["replacement_room"])
