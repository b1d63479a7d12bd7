"""What reaches the handler from a real homeserver, with which proof, and what does not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.demo import words
from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust
from paybridge.domain.spoken import Gesture, GestureKind, Pill, Spoken, Trouble
from paybridge.matrix.wire import Wire
from paybridge.matrix.withholding import MEGOLM
from tests.flows.bot import Bot, running
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.person import Person
    from tests.harness import People


@pytest.fixture
async def me(people: People) -> str:
    return await people.account("PayBridge")


@pytest.fixture
async def bot(people: People, me: str, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running(people.homeserver.url, me, tmp_path / "bot", password=PASSWORD) as bot:
        yield bot


async def room_with(person: Person, *others: str, encrypted: bool = True) -> str:
    """A room of this person in which the others, of whom the bot is one, have arrived."""
    room = await person.create_room("Pizza", others, encrypted=encrypted)
    for other in others:
        await person.wait_for_member(room, other)
    return room


async def test_a_command_in_an_encrypted_room_comes_with_the_proof_of_its_sender(
    people: People, me: str, bot: Bot
) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)

    event = await alice.say(room, "!pay @bob:hs 5 EUR pizza")
    spoken = await bot.until_told("!pay @bob:hs 5 EUR pizza")

    assert (spoken.event, spoken.room, spoken.sender) == (event, room, alice.user_id)
    assert spoken.proof == OwnDevice(Trust.CROSS_SIGNED_TOFU, str(alice.client.device_id))
    assert (spoken.encrypted, spoken.direct, spoken.trouble) == (True, True, None)


async def test_a_device_that_nobody_vouches_for_is_unverified(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice", cross_signed=False)
    room = await room_with(alice, me)

    await alice.say(room, "!help")
    spoken = await bot.until_told("!help")

    assert spoken.proof == OwnDevice(Trust.UNVERIFIED, str(alice.client.device_id))


async def test_an_identity_that_was_renewed_is_in_trouble(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)
    await alice.say(room, "!before")
    await bot.until_told("!before")

    renewed = await people.arrive("Alice", user_id=alice.user_id)
    await renewed.say(room, "!after")
    spoken = await bot.until_told("!after")

    assert spoken.proof == OwnDevice(Trust.CROSS_SIGNED_UNTRUSTED, str(renewed.client.device_id))
    assert spoken.trouble is Trouble.MASTER_KEY_CHANGED


async def test_plain_text_in_an_encrypted_room_is_in_trouble(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)

    await alice.say_plain(room, "!pay @bob:hs 5 EUR")
    spoken = await bot.until_told("!pay @bob:hs 5 EUR")

    assert (spoken.proof, spoken.trouble) == (HomeserverOnly(), Trouble.PLAINTEXT_IN_ENCRYPTED)


async def test_a_room_without_encryption_proves_as_much_as_the_homeserver(
    people: People, me: str, bot: Bot
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await room_with(alice, me, bob.user_id, encrypted=False)

    await alice.say(room, f"!pay {bob.user_id} 5", mention=bob.user_id)
    spoken = await bot.until_told("!pay Bob 5")

    assert (spoken.proof, spoken.trouble) == (HomeserverOnly(), None)
    assert (spoken.encrypted, spoken.direct) == (False, False)
    assert spoken.pills == (Pill(bob.user_id, "Bob"),)
    facts = await bot.side.rooms.facts(room)
    assert facts.members == {alice.user_id: "Alice", bob.user_id: "Bob", me: "PayBridge"}


async def test_edits_notices_chat_and_the_bots_own_words_are_not_heard(
    people: People, me: str, bot: Bot
) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)

    said = await alice.say(room, "hello")
    await alice.edit(room, said, "!pay @bob:hs 5 EUR")
    await alice.send_content(room, words.plain("!pay @bob:hs 6 EUR") | {"msgtype": "m.notice"})
    await bot.say("!pay @bob:hs 7 EUR", room=room)
    await alice.wait_for(room, lambda seen: "7 EUR" in seen.body)
    await alice.say(room, "!end")
    await bot.until_told("!end")

    assert [spoken.body for spoken in bot.told] == ["!end"]


async def test_what_was_said_before_the_bot_came_is_not_heard(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await alice.create_room("Pizza", encrypted=False)
    for number in range(5):
        await alice.say(room, f"!before {number}")
    await alice.invite(room, me)
    await alice.wait_for_member(room, me)

    await alice.say(room, "!after")
    await bot.until_told("!after")

    assert [spoken.body for spoken in bot.told] == ["!after"]


async def test_the_author_of_the_message_replied_to_is_proven(people: People, me: str, bot: Bot) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await room_with(alice, me, bob.user_id)
    lunch = await bob.say(room, "I paid for lunch")
    await alice.wait_for(room, lambda seen: seen.event_id == lunch)
    plain = await bob.say_plain(room, "I paid for lunch, too")

    await alice.say(room, "!pay 5", reply_to=lunch)
    await alice.say(room, "!pay 6", reply_to=plain)
    await alice.say(room, "!pay 7", reply_to="$nothing-of-this-name")
    proven, unproven, unknown = [await bot.until_told(f"!pay {amount}") for amount in (5, 6, 7)]

    assert (proven.is_reply, proven.reply_author) == (True, bob.user_id)
    assert (unproven.is_reply, unproven.reply_author) == (True, None)
    assert (unknown.is_reply, unknown.reply_author) == (True, None)


async def test_a_relation_outside_of_the_ciphertext_does_not_count(people: People, me: str, bot: Bot) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await room_with(alice, me, bob.user_id)
    lunch = await bob.say(room, "I paid for lunch")
    await alice.say(room, "hello")

    _, sealed = alice.client.encrypt(room, "m.room.message", words.plain("!pay 5"))
    envelope: dict[str, Any] = {**sealed, "m.relates_to": {"m.in_reply_to": {"event_id": lunch}}}
    await send_raw(alice, room, "m.room.encrypted", envelope)
    spoken = await bot.until_told("!pay 5")

    assert (spoken.is_reply, spoken.reply_author, spoken.trouble) == (False, None, None)


async def test_state_inside_of_a_ciphertext_is_refused(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)
    await alice.say(room, "hello")

    smuggled = {"type": "m.room.message", "state_key": "", "content": words.plain("!pay 5")}
    await send_raw(alice, room, "m.room.encrypted", machine(alice).group_encrypt(room, smuggled))
    await alice.say(room, "!end")
    await bot.until_told("!end")

    assert [spoken.body for spoken in bot.told] == ["!end"]


async def test_a_message_whose_room_key_comes_late_is_heard_then(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)
    await alice.say(room, "!first")
    await bot.until_told("!first")

    parcels = withhold_new_key(alice, room, [me])
    event = await alice.say(room, "!pay @bob:hs 5 EUR")
    for number, parcel in enumerate(parcels):
        await put(alice, parcel, "sendToDevice", "m.room.encrypted", f"late-{number}")
    spoken = await bot.until_told("!pay @bob:hs 5 EUR")

    assert spoken.event == event
    assert isinstance(spoken.proof, OwnDevice)


async def test_what_cannot_be_read_is_mentioned_once_per_room_key(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)
    await alice.say(room, "!first")
    await bot.until_told("!first")

    withhold_new_key(alice, room, [me])
    unread = await alice.say(room, "!pay @bob:hs 5 EUR")
    await alice.say(room, "!pay @bob:hs 6 EUR")
    spoken = await bot.until(lambda spoken: spoken.trouble is Trouble.UNREADABLE)
    machine(alice).outbound_group_sessions.pop(room)
    await alice.say(room, "!end")
    await bot.until_told("!end")

    assert (spoken.event, spoken.body, spoken.proof) == (unread, "", HomeserverOnly())
    assert [spoken.body for spoken in bot.told] == ["!first", "", "!end"]


async def test_whose_client_says_that_it_keeps_its_key_is_told_so(people: People, me: str, bot: Bot) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)
    await alice.say(room, "!first")
    await bot.until_told("!first")

    await keep_new_key(alice, room, me)
    unread = await alice.say(room, "!pay @bob:hs 5 EUR")
    spoken = await bot.until(lambda spoken: spoken.trouble is not None)

    assert (spoken.event, spoken.trouble) == (unread, Trouble.KEY_WITHHELD)


async def test_among_others_whose_client_keeps_its_keys_is_told_so_once(
    people: People, me: str, bot: Bot
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    room = await room_with(alice, bob.user_id, me)
    for text in ("!first", "!second"):
        await keep_new_key(alice, room, me)
        await alice.say(room, text)
    machine(alice).outbound_group_sessions.pop(room)
    await alice.say(room, "!end")
    await bot.until_told("!end")

    assert [spoken.trouble for spoken in bot.told] == [Trouble.KEY_WITHHELD, None]


async def test_a_strangers_malformed_messages_to_the_device_end_nothing(
    people: People, me: str, bot: Bot
) -> None:
    alice, mallory = await people.arrive("Alice"), await people.arrive("Mallory")
    room = await room_with(alice, me)
    ((device, described),) = (await devices_of(mallory, me)).items()
    own_key = described["keys"][f"curve25519:{device}"]
    for number, (kind, content) in enumerate(malformed(own_key)):
        await put(mallory, {"messages": {me: {device: content}}}, "sendToDevice", kind, str(number))

    await alice.say(room, "!help")
    spoken = await bot.until_told("!help")

    assert isinstance(spoken.proof, OwnDevice)


async def test_a_stranger_who_takes_all_one_time_keys_makes_nobody_unheard(
    people: People, me: str, bot: Bot
) -> None:
    mallory = await people.arrive("Mallory")
    (device,) = await devices_of(mallory, me)
    claim = {"one_time_keys": {me: {device: "signed_curve25519"}}}
    async with as_them(mallory) as wire:
        claimed = [await wire.post("keys", "claim", body=claim) for _ in range(60)]
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)

    await alice.say(room, "!help")
    spoken = await bot.until_told("!help")

    assert isinstance(spoken.proof, OwnDevice)
    assert all(answer["one_time_keys"][me] for answer in claimed)


async def test_two_people_are_heard_at_the_same_time_and_one_in_their_own_order(
    people: People, me: str, tmp_path: Path
) -> None:
    blocked, other = asyncio.Event(), asyncio.Event()

    async def handler(spoken: Spoken) -> None:
        if spoken.body == "!wait":
            await blocked.wait()
        if spoken.body == "!go":
            other.set()

    async with running(
        people.homeserver.url, me, tmp_path / "bot", password=PASSWORD, handler=handler
    ) as bot:
        alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
        room = await room_with(alice, me, bob.user_id)
        await alice.say(room, "!wait")
        await alice.say(room, "!then")
        await bob.say(room, "!go")
        await other.wait()
        before = [spoken.body for spoken in bot.told]
        blocked.set()
        await bot.until_told("!then")

    assert "!then" not in before
    assert [spoken.body for spoken in bot.told if spoken.sender == alice.user_id] == ["!wait", "!then"]


async def test_a_handler_that_fails_is_asked_three_times_and_then_no_more(
    people: People, me: str, tmp_path: Path
) -> None:
    tries: list[str] = []

    async def handler(spoken: Spoken) -> None:
        tries.append(spoken.body)
        if spoken.body == "!broken" or tries.count("!shaky") == 1:
            raise ValueError(spoken.body)

    folder = tmp_path / "bot"
    async with running(people.homeserver.url, me, folder, password=PASSWORD, handler=handler) as bot:
        alice = await people.arrive("Alice")
        room = await room_with(alice, me, encrypted=False)
        await alice.say(room, "!broken")
        await alice.say(room, "!shaky")
        await bot.until_told("!shaky")
        left = await bot.mailbox.letters()

    assert tries == ["!broken"] * 3 + ["!shaky"] * 2
    assert not left


async def test_redactions_and_crosses_are_heard_in_their_order_and_other_reactions_are_not(
    people: People, me: str, bot: Bot
) -> None:
    alice = await people.arrive("Alice")
    room = await room_with(alice, me)
    command = await alice.say(room, "!pay @bob:hs 5 EUR")
    await bot.until_told("!pay @bob:hs 5 EUR")

    await alice.react(room, command, "\N{THUMBS UP SIGN}")
    crossed = await alice.react(room, command, "\N{CROSS MARK}")
    await alice.redact(room, command)
    await alice.say(room, "!end")
    await bot.until_told("!end")

    first, second = bot.gestures
    assert first == Gesture(crossed, room, alice.user_id, GestureKind.CROSSED_OUT, command)
    assert (second.sender, second.kind, second.target) == (alice.user_id, GestureKind.TAKEN_BACK, command)


def machine(person: Person) -> Any:  # noqa: ANN401 - nio's own
    return person.client.olm


def withhold_new_key(person: Person, room: str, people: list[str]) -> list[dict[str, Any]]:
    """Make the person's next messages use a room key that nobody has; returns what would share it."""
    olm = machine(person)
    olm.create_outbound_group_session(room)
    parcels = [
        parcel for _, parcel in olm.share_group_session_parallel(room, people, ignore_unverified_devices=True)
    ]
    olm.outbound_group_sessions[room].shared = True
    return parcels


async def keep_new_key(person: Person, room: str, mxid: str) -> None:
    """The same, and tell the one device of `mxid` that it is meant so."""
    ((device, _),) = (await devices_of(person, mxid)).items()
    withhold_new_key(person, room, [mxid])
    session = machine(person).outbound_group_sessions[room].id
    kept = {"algorithm": MEGOLM, "code": "m.unverified", "room_id": room, "session_id": session}
    await put(person, {"messages": {mxid: {device: kept}}}, "sendToDevice", "m.room_key.withheld", session)


@asynccontextmanager
async def as_them(person: Person) -> AsyncIterator[Wire]:
    """Requests that no decent client makes."""
    wire = Wire(str(person.client.homeserver))
    wire.token = person.client.access_token
    yield wire
    await wire.close()


async def put(person: Person, body: dict[str, Any], *path: str) -> None:
    async with as_them(person) as wire:
        await wire.put(*path, body=body)


async def send_raw(person: Person, room: str, kind: str, content: dict[str, Any]) -> None:
    await put(person, content, "rooms", room, "send", kind, "raw")


async def devices_of(person: Person, mxid: str) -> dict[str, Any]:
    async with as_them(person) as wire:
        known = await wire.post("keys", "query", body={"device_keys": {mxid: []}})
    return dict(known["device_keys"][mxid])


def malformed(own_key: str) -> list[tuple[str, dict[str, Any]]]:
    """What strangers may send to a device; the first one ends nio's own sync for good."""
    olm = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": own_key}
    return [
        ("m.room.encrypted", olm | {"ciphertext": {own_key: {"type": 0, "body": "AAAA"}}}),
        ("m.room.encrypted", olm | {"ciphertext": {own_key: {"type": 1, "body": "AAAA"}}}),
        ("m.room.encrypted", olm | {"ciphertext": {own_key: {"type": 1, "body": "!"}}}),
        ("m.room.encrypted", olm | {"ciphertext": {own_key: []}}),
        ("m.room.encrypted", olm | {"ciphertext": 5}),
        ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2"}),
        ("m.room.encrypted", {}),
        ("m.room_key_request", {"action": "request", "body": 5}),
        ("m.key.verification.start", {"from_device": []}),
        ("m.forwarded_room_key", {"room_id": "!x"}),
        ("org.example.anything", {"deep": [[[[[[]]]]]]}),
    ]
