"""Whoever says it was somebody else: rewritten senders, foreign keys, added devices, new identities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nio.crypto import InboundGroupSession

from paybridge.demo import words as typed
from tests.hostile.house import code_of, keys, payment_of, words
from tests.hostile.table import event_told, is_said_by, machine, send_raw, sit_down

if TYPE_CHECKING:
    from tests.harness import People
    from tests.hostile.house import House
    from tests.hostile.proxy import Event, Exchange, HostileHomeserver

NOT_THEIRS = ["trouble.not_the_senders_device"]


async def test_case_01_a_message_under_another_name_moves_nothing(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, mallory) = await sit_down(house, people, "Alice", "Mallory")
    card = await house.hears(alice, room, f"!pay {mallory.user_id} 5 EUR")
    before = house.rows()
    hostile.change_events(
        lambda _, event: event | {"sender": alice.user_id} if is_said_by(mallory, event) else event
    )

    confirmed = await house.hears(mallory, room, f"!confirm {code_of(card)}")
    drafted = await house.hears(mallory, room, f"!pay {mallory.user_id} 30 EUR")

    assert keys(confirmed) == keys(drafted) == NOT_THEIRS
    assert (house.rows(), house.moved) == (before, [])


async def test_case_01_a_reply_to_a_message_under_another_name_pays_nobody(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob, mallory) = await sit_down(house, people, "Alice", "Bob", "Mallory")
    lunch = await bob.say(room, "I paid for lunch")
    await alice.wait_for(room, lambda seen: seen.event_id == lunch)
    hostile.change_events(
        lambda _, event: event | {"sender": mallory.user_id} if event.get("event_id") == lunch else event
    )

    said = await house.hears(alice, room, "!pay 5 EUR", reply_to=lunch)

    assert keys(said) == ["error.reply_not_proven"]
    assert house.rows()["transfer"] == []


async def test_case_03_a_relation_outside_of_the_ciphertext_names_no_payee(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, mallory) = await sit_down(house, people, "Alice", "Mallory")
    lunch = await mallory.say(room, "I paid for lunch")
    await alice.wait_for(room, lambda seen: seen.event_id == lunch)

    def relate(_: str, event: Event) -> Event:
        if is_said_by(alice, event):
            event["content"]["m.relates_to"] = {"m.in_reply_to": {"event_id": lunch}}
        return event

    hostile.change_events(relate)
    said = await house.hears(alice, room, "!pay 5 EUR")

    assert keys(said) == ["error.payee_missing"]
    assert house.rows()["transfer"] == []


async def test_case_05_a_device_that_is_not_cross_signed_approves_nothing_and_is_told_how_to_mend_it(
    house: House, people: People
) -> None:
    room, (bob,) = await sit_down(house, people, "Bob")
    alice = await people.arrive("Alice", cross_signed=False)
    await house.enroll(alice)
    await bob.invite(room, alice.user_id)
    await alice.wait_for_member(room, house.me)
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")

    refused = await house.hears(alice, room, f"!confirm {code_of(card)}")

    assert keys(refused) == ["error.device_not_proven"]
    assert "Please verify your session" in words(refused)
    assert (await house.state_of(payment_of(card)), house.moved) == ("awaiting_approval", [])


async def test_case_06_a_new_master_key_freezes_payments(house: House, people: People) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    before = house.rows()

    renewed = await people.arrive("Alice", user_id=alice.user_id)
    confirmed = await house.hears(renewed, room, f"!confirm {code_of(card)}")
    drafted = await house.hears(renewed, room, f"!pay {bob.user_id} 6 EUR")
    told = await house.until_said("identity.changed")

    assert told.person == alice.user_id
    assert keys(confirmed) == keys(drafted) == ["trouble.master_key_changed"]
    assert (house.rows(), house.moved) == (before, [])


async def test_case_06_a_new_master_key_reads_only_what_is_said_about_it(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    renewed = await people.arrive("Alice", user_id=alice.user_id)

    refused = await house.hears(renewed, room, f"!pay {bob.user_id} 6 EUR")
    notice = await renewed.wait_for(room, lambda seen: "encryption identity" in seen.body)
    card = await house.hears(bob, room, f"!pay {alice.user_id} 7 EUR")
    read = await bob.wait_for(room, lambda seen: "7.00 EUR" in seen.body and seen.sender == house.me)
    unread = await renewed.wait_for(room, lambda seen: seen.event_id == read.event_id)

    assert keys(refused) == ["trouble.master_key_changed"]
    assert notice.encrypted
    assert code_of(card)
    assert not unread.readable
    assert _withheld_from(hostile, alice.user_id, renewed.device_id)[-1]["code"] == "m.unverified"


async def test_case_07_a_device_that_was_added_to_a_person_gets_no_keys_and_approves_nothing(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    added = await people.arrive("Alice", user_id=alice.user_id, cross_signed=False)
    hostile.on_answer("keys/query", lambda asked: _vouch(asked, alice.user_id, added.device_id))
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    await alice.wait_for(room, lambda seen: seen.sender == house.me and seen.readable)

    refused = await house.hears(added, room, f"!confirm {code_of(card)}")

    assert keys(refused) == ["error.device_not_proven"]
    assert house.moved == []
    assert added.device_id not in _given_keys(hostile, alice.user_id)
    assert alice.device_id in _given_keys(hostile, alice.user_id)
    told = _withheld_from(hostile, alice.user_id, added.device_id)
    assert {(content["code"], content["room_id"]) for content in told} == {("m.unverified", room)}


async def test_case_07_an_identity_that_the_server_hides_makes_no_added_device_trusted(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")

    def hide(asked: Exchange) -> None:
        for part in ("master_keys", "self_signing_keys"):
            asked.answer.get(part, {}).pop(alice.user_id, None)

    hostile.on_answer("keys/query", hide)
    added = await people.arrive("Alice", user_id=alice.user_id, cross_signed=False)
    refused = await house.hears(added, room, f"!confirm {code_of(card)}")
    await bob.wait_for(room, lambda seen: "identity" in seen.body)

    assert keys(refused) == ["trouble.master_key_changed"]
    assert house.moved == []
    assert added.device_id not in _given_keys(hostile, alice.user_id)


async def test_case_08_an_envelope_that_names_another_device_is_refused(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    laptop = await people.arrive("Alice", user_id=alice.user_id, seeds=alice.seeds)
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    before = house.rows()

    def rename(_: str, event: Event) -> Event:
        if is_said_by(alice, event):
            event["content"]["device_id"] = laptop.device_id
        return event

    hostile.change_events(rename)
    said = await house.hears(alice, room, f"!confirm {code_of(card)}")

    assert keys(said) == NOT_THEIRS
    assert (house.rows(), house.moved) == (before, [])


async def test_case_09_a_room_key_that_was_handed_on_authorises_nothing(house: House, people: People) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    olm = machine(alice)
    olm.create_outbound_group_session(room)
    session = olm.inbound_group_store.get(room, olm.account.identity_keys["curve25519"], _newest(olm, room))
    handed_on = InboundGroupSession.import_session(
        session.export_session(session.first_known_index),
        session.ed25519,
        session.sender_key,
        room,
        [machine(bob).account.identity_keys["curve25519"]],
    )
    house.running.crypto.olm.inbound_group_store.add(handed_on)
    olm.outbound_group_sessions[room].shared = True

    said = await house.hears(alice, room, f"!confirm {code_of(card)}")

    assert keys(said) == NOT_THEIRS
    assert house.moved == []


async def test_case_09_nobody_can_hand_the_bot_a_room_key_of_somebody_else(
    house: House, people: People
) -> None:
    room, (alice, mallory) = await sit_down(house, people, "Alice", "Mallory")
    await house.hears(alice, room, "!help")
    await house.hears(mallory, room, "!help")
    olm = machine(alice)
    olm.create_outbound_group_session(room)
    session = olm.inbound_group_store.get(room, olm.account.identity_keys["curve25519"], _newest(olm, room))
    forged = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": room,
        "session_id": session.id,
        "session_key": session.export_session(session.first_known_index),
        "sender_key": session.sender_key,
        "sender_claimed_ed25519_key": session.ed25519,
        "forwarding_curve25519_key_chain": [],
    }
    await _tell_device(mallory, house.me, "m.forwarded_room_key", forged)
    olm.outbound_group_sessions[room].shared = True

    said = await house.hears(alice, room, f"!pay {mallory.user_id} 5 EUR")

    assert keys(said) == ["trouble.unreadable"]
    assert house.rows()["transfer"] == []


async def test_case_10_plain_text_in_an_encrypted_room_is_refused_and_says_so(
    house: House, people: People
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    before = house.rows()

    drafted = await house.answered(await alice.say_plain(room, f"!pay {bob.user_id} 6 EUR"))
    confirmed = await house.answered(await alice.say_plain(room, f"!confirm {code_of(card)}"))

    assert keys(drafted) == keys(confirmed) == ["trouble.plaintext_in_encrypted"]
    assert "unencrypted into an encrypted room" in words(drafted)
    assert "send it again" in words(drafted)
    assert (house.rows(), house.moved) == (before, [])


async def test_nio_row_state_inside_of_a_ciphertext_is_no_message(house: House, people: People) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    await house.hears(alice, room, "!help")

    content = typed.plain(f"!pay {bob.user_id} 5 EUR")
    smuggled = {"type": "m.room.message", "state_key": "", "content": content}
    await send_raw(alice, room, "m.room.encrypted", machine(alice).group_encrypt(room, smuggled))
    await house.is_through(alice, room)

    assert [spoken.body for spoken in house.spoken] == ["!help", "!help"]
    assert house.rows()["transfer"] == []


async def test_what_the_tests_replay_is_what_the_bot_was_told(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice,) = await sit_down(house, people, "Alice")
    event = await alice.say(room, "!help")
    await house.answered(event)

    assert event_told(hostile, event)["type"] == "m.room.encrypted"


def _vouch(asked: Exchange, mxid: str, device: str) -> None:
    """Put the signatures of the person's other devices under the added one."""
    devices = asked.answer.get("device_keys", {}).get(mxid, {})
    if device not in devices:
        return
    for other in devices.values():
        for signer, signature in other["signatures"][mxid].items():
            devices[device]["signatures"][mxid].setdefault(signer, signature)


def _given_keys(hostile: HostileHomeserver, mxid: str) -> set[str]:
    """The devices of a person to which the bot has sent something for their eyes."""
    sent = hostile.asked_for("PUT", "sendToDevice/m.room.encrypted/.*")
    return {device for one in sent for device in one.asked["messages"].get(mxid, {})}


def _withheld_from(hostile: HostileHomeserver, mxid: str, device: str) -> list[dict[str, Any]]:
    """What the bot has told a device about the room keys that it does not get."""
    sent = hostile.asked_for("PUT", "sendToDevice/m.room_key.withheld/.*")
    told = (one.asked["messages"].get(mxid, {}).get(device) for one in sent)
    return [content for content in told if content is not None]


def _newest(olm: Any, room: str) -> str:  # noqa: ANN401 - nio's own
    return str(olm.outbound_group_sessions[room].id)


async def _tell_device(sender: Any, mxid: str, kind: str, content: dict[str, Any]) -> None:  # noqa: ANN401 - a person, whose nio is asked
    """Send something through the encrypted channel that the sender has with each device of somebody."""
    olm = machine(sender)
    (device,) = olm.device_store.active_user_devices(mxid)
    session = olm.session_store.get(device.curve25519)
    sealed = olm._olm_encrypt(session, device, kind, content)  # noqa: SLF001 - no decent client does
    await sender._device.call(  # noqa: SLF001 - as above
        "PUT", f"/sendToDevice/m.room.encrypted/{kind}", {"messages": {mxid: {device.id: sealed}}}
    )
