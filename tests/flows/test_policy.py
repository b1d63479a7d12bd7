"""What holds in a room, on a real homeserver: who can set it, what the room reads then, and upgrades."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.demo.person import Person
from paybridge.matrix.wire import RefusedError, Wire
from tests.flows.dinner import Guest, about, dinner, payment_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nio import AsyncClient

    from paybridge.demo.stage import Stage
    from tests.harness import People

POLICY = "org.paybridge.policy"
LEVELS = "m.room.power_levels"
PRIVATE = {"v": 1, "receipts": "private"}
EVERYONE_SEES = "Everyone here sees amounts"
ALICE_AND_BOB = ("Alice", "Bob")


@pytest.fixture
async def table(stage: Stage, people: People) -> list[Guest]:
    """Alice opened the room and so rules in it; both have linked an account."""
    return await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)


def client_of(guest: Guest) -> AsyncClient:
    assert isinstance(guest.person, Person)
    return guest.person.client


@asynccontextmanager
async def wire_of(guest: Guest) -> AsyncIterator[Wire]:
    """The homeserver, asked as this person."""
    client = client_of(guest)
    wire = Wire(str(client.homeserver))
    wire.token = str(client.access_token)
    try:
        yield wire
    finally:
        await wire.close()


async def sets_state(guest: Guest, kind: str, content: dict[str, Any], room: str | None = None) -> None:
    async with wire_of(guest) as wire:
        await wire.put("rooms", room or guest.room, "state", kind, "", body=content)


async def gives_power(guest: Guest, levels: dict[str, int]) -> None:
    async with wire_of(guest) as wire:
        now = await wire.get("rooms", guest.room, "state", LEVELS, "")
        await wire.put(
            "rooms",
            guest.room,
            "state",
            LEVELS,
            "",
            body={**now, "users": {**now.get("users", {}), **levels}},
        )


async def opens(guest: Guest, *invited: str, **options: object) -> str:
    """Open an encrypted room of a certain kind."""
    encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    body = {"preset": "private_chat", "invite": list(invited), "initial_state": [encryption], **options}
    async with wire_of(guest) as wire:
        room = str((await wire.post("createRoom", body=body))["room_id"])
    for who in invited:
        await guest.person.wait_for_member(room, who)
    return room


async def upgrades(guest: Guest, version: str, *invited: str) -> str:
    """Upgrade the room, and have everyone come along."""
    async with wire_of(guest) as wire:
        answer = await wire.post("rooms", guest.room, "upgrade", body={"new_version": version})
        room = str(answer["replacement_room"])
        for who in invited:
            await wire.post("rooms", room, "invite", body={"user_id": who})
    for who in invited:
        await guest.person.wait_for_member(room, who)
    return room


async def test_a_member_without_power_sets_nothing(table: list[Guest]) -> None:
    _, bob = table
    with pytest.raises(RefusedError, match="403"):
        await sets_state(bob, POLICY, PRIVATE)
    refused = await bob.asks("!policy receipts private", "power level 50")

    assert table[0].id in refused.body
    assert EVERYONE_SEES in (await bob.asks("!policy", "In this room")).body


async def test_state_inside_a_ciphertext_changes_nothing(table: list[Guest]) -> None:
    alice, bob = table
    # So that the room has a session to encrypt with.
    await bob.asks("!policy", EVERYONE_SEES)
    olm = client_of(bob).olm
    assert olm is not None
    for smuggled in ({"type": POLICY}, {"type": LEVELS}):
        content = {"v": 1, "receipts": "private", "users": {bob.id: 100}}
        forged = {**smuggled, "state_key": "", "sender": alice.id, "room_id": bob.room, "content": content}
        ciphertext = olm.group_encrypt(bob.room, forged)
        async with wire_of(bob) as wire:
            path = ("rooms", bob.room, "send", "m.room.encrypted", secrets.token_hex(8))
            await wire.put(*path, body=ciphertext)

    assert EVERYONE_SEES in (await bob.asks("!policy", "In this room")).body
    await bob.asks("!policy receipts private", "power level 50")


async def test_a_private_room_reads_who_paid_whom_and_they_read_the_rest_alone(table: list[Guest]) -> None:
    alice, bob = table
    await sets_state(alice, POLICY, PRIVATE)
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    payment = payment_of(card)
    own = await alice.sees(payment, "awaiting_approval", alice.chat)
    await alice.confirms(own)
    receipt = await alice.sees(payment, "settled")
    owns = await alice.sees(payment, "settled", alice.chat)
    bobs = await bob.hears("paid you", bob.chat)

    assert receipt.body == f"✓ Alice ({alice.id}) paid Bob ({bob.id}) · {payment}"
    assert receipt.event_id == card.event_id
    assert owns.event_id == own.event_id
    assert "12.50 EUR" in own.body
    assert f"!confirm {about(own)['code']}" in own.body
    assert f"You paid Bob ({bob.id}) 12.50 EUR for “pizza”" in owns.body
    assert "12.50 EUR for “pizza”" in bobs.body
    for shown in (card, receipt, *bob.messages_about(payment)):
        assert "12" not in shown.body.replace(payment, "").replace(alice.id, "").replace(bob.id, "")
        assert {"amount", "fee"} & set(about(shown)) == set()
    for content in alice.edits_of(card):
        assert "pizza" not in str(content)
        assert "'amount'" not in str(content)
    assert await alice.moved(payment) == [-1250]


async def test_a_limit_and_a_currency_hold_from_the_next_message_on(table: list[Guest]) -> None:
    alice, bob = table
    await alice.asks("!policy limit 10 EUR", "✓ Changed.")
    refused = await alice.asks(f"!pay {bob.id} 10.01 EUR", "at most 10.00 EUR")
    await sets_state(alice, POLICY, {"v": 1, "limit": {"value": "5", "currency": "EUR"}, "currency": "EUR"})

    assert f"!pay {bob.id} 10.00 EUR" in refused.body
    await alice.asks(f"!pay {bob.id} 6", "at most 5.00 EUR")
    await alice.asks("!policy limit 7 EUR", "sets limit to 5.00 EUR")
    assert (await alice.pays(f"!pay {bob.id} 5")).body.startswith("✓")


async def test_the_event_of_somebody_who_lost_their_power_no_longer_counts(table: list[Guest]) -> None:
    alice, bob = table
    await gives_power(alice, {bob.id: 50})
    await sets_state(bob, POLICY, {"v": 1, "requests": "nobody"})
    await alice.asks("!policy", "Nobody may ask")
    await alice.asks(f"!request {bob.id} 5 EUR", "nobody may ask")
    await gives_power(alice, {bob.id: 0})

    shown = await alice.asks("!policy", "In this room")
    assert "Everyone may ask" in shown.body
    assert "whoever sent it lacks the power" in shown.body


@pytest.mark.parametrize(("old", "new"), [("10", "11"), ("11", "12"), ("12", "12")])
async def test_an_upgraded_room_starts_with_what_held_in_the_old_one(
    stage: Stage, people: People, old: str, new: str
) -> None:
    alice, bob = [Guest(await people.arrive(name), stage) for name in ALICE_AND_BOB]
    alice.room = await opens(alice, bob.id, stage.bot_id, room_version=old)
    await alice.asks("!policy limit 20 EUR", "✓ Changed.")
    await sets_state(alice, POLICY, PRIVATE)
    room = await upgrades(alice, new, bob.id, stage.bot_id)

    shown = await bob.asks("!policy", "In this room", room)
    assert "at most 20.00 EUR" in shown.body
    assert "Only payer and payee see amounts" in shown.body
    assert alice.id in (await bob.asks("!policy limit 30 EUR", "power level 50", room)).body
    await alice.asks("!policy limit 30 EUR", "at most 30.00 EUR", room)


async def test_a_room_that_only_claims_to_be_the_upgrade_inherits_nothing(
    table: list[Guest], stage: Stage
) -> None:
    alice, bob = table
    await alice.asks("!policy limit 20 EUR", "✓ Changed.")
    claim = {"predecessor": {"room_id": alice.room, "event_id": "$any"}}
    room = await opens(bob, stage.bot_id, creation_content=claim)

    assert "no limit" in (await bob.asks("!policy", "In this room", room)).body
