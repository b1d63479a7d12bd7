"""Rooms that are not what they were: people come and go, strangers invite, everyone can look in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from nio.api import RoomPreset, RoomVisibility

from paybridge.domain.money import Money
from paybridge.services.ports import Outcome
from tests.fakes.rail import ScriptedRail
from tests.hostile.house import House, code_of, keys, open_house, payment_of, words
from tests.hostile.table import as_them, open_room, post, sit_down

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.demo.person import Person
    from tests.harness import People
    from tests.hostile.proxy import Event, Exchange, HostileHomeserver

MOST_INVITES = 1_000


@dataclass(slots=True)
class GatedRail(ScriptedRail):
    """Executes nothing before its gate is opened."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def execute(self, handle: str, key: str, fee_cap: Money) -> Outcome:
        self.asked.set()
        await self.gate.wait()
        return await ScriptedRail.execute(self, handle, key, fee_cap)


async def test_case_11_a_room_whose_encryption_vanished_is_still_encrypted(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path
) -> None:
    async with open_house(hostile.url, me, tmp_path / "bot") as house:
        room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
        await house.hears(alice, room, "!help")

    def no_such_state(asked: Exchange) -> None:
        asked.status, asked.answer = 404, {"errcode": "M_NOT_FOUND"}

    def without_encryption(_: str, event: Event) -> Event | None:
        return None if event["type"] == "m.room.encryption" else event

    hostile.behave()
    hostile.on_answer("rooms/[^/]+/state.*encryption.*", no_such_state)
    hostile.change_events(without_encryption)
    async with open_house(hostile.url, me, tmp_path / "bot") as house:
        said = await house.answered(await alice.say_plain(room, f"!pay {bob.user_id} 5 EUR"))
        shown = await alice.wait_for(room, lambda seen: "unencrypted into an encrypted" in seen.body)

        assert keys(said) == ["trouble.plaintext_in_encrypted"]
        assert shown.encrypted
        assert hostile.asked_for("PUT", "rooms/[^/]+/send/m.room.message/.*") == []
        assert house.rows()["transfer"] == []


async def test_case_11_changed_encryption_is_encryption_still(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    changed = {"type": "m.room.encryption", "state_key": "", "sender": alice.user_id, "content": {}}
    hostile.tell_room(room, changed | {"event_id": "$changed", "origin_server_ts": 0})

    said = await house.answered(await alice.say_plain(room, f"!pay {bob.user_id} 5 EUR"))

    assert keys(said) == ["trouble.plaintext_in_encrypted"]
    assert house.rows()["transfer"] == []


async def test_case_29_only_the_payer_can_answer_a_card(house: House, people: People) -> None:
    room, (alice, bob, mallory) = await sit_down(house, people, "Alice", "Bob", "Mallory")
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    line = f"!confirm {code_of(card)}"

    answers = [await house.hears(other, room, line) for other in (mallory, bob)]
    cancelled = await house.hears(mallory, room, f"!cancel {payment_of(card)}")
    before = house.moved.copy()
    await asyncio.gather(*(person.say(room, line) for person in (bob, alice, mallory)))
    await house.until_said("pay.receipt")

    assert [keys(answer) for answer in answers] == [["error.nothing_to_confirm"]] * 2
    assert keys(cancelled) == ["error.no_such_payment"]
    assert (before, house.moved) == ([], [500])


@pytest.mark.parametrize("how", ["leaves", "is banned"])
async def test_case_30_who_is_gone_before_the_approval_is_not_paid(
    house: House, people: People, how: str
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    if how == "leaves":
        await post(bob, "rooms", room, "leave")
    else:
        await post(alice, "rooms", room, "ban", user_id=bob.user_id)
    await _until_gone(alice, room, bob)

    said = await house.hears(alice, room, f"!confirm {code_of(card)}")

    assert keys(said) == ["error.payee_not_here"]
    assert bob.user_id in words(said)
    assert house.moved == []


async def test_case_30_who_is_only_invited_is_not_paid(house: House, people: People) -> None:
    room, (alice,) = await sit_down(house, people, "Alice")
    bob = await people.arrive("Bob", auto_join=False)
    await house.enroll(bob)
    await alice.invite(room, bob.user_id)

    said = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")

    assert keys(said) == ["error.payee_not_here"]
    assert house.rows()["transfer"] == []


async def test_case_31_an_upgrade_moves_no_request_and_loosens_no_policy(
    house: House, people: People
) -> None:
    alice, bob = await people.arrive("Alice"), await people.arrive("Bob")
    await house.enroll(alice, bob)
    old = await open_room(house, alice, bob, room_version="11")
    await house.hears(alice, old, "!policy limit 20 EUR")
    await house.hears(bob, old, f"!request {alice.user_id} 5 EUR")
    before = house.rows()
    async with as_them(alice) as wire:
        upgraded = await wire.post("rooms", old, "upgrade", body={"new_version": "12"})
    new = str(upgraded["replacement_room"])
    for who in (bob.user_id, house.me):
        await alice.invite(new, who)
        await alice.wait_for_member(new, who)

    over_the_limit = await house.hears(alice, new, f"!pay {bob.user_id} 21 EUR")
    loosened = await house.hears(bob, new, "!policy limit 30 EUR")
    shown = await house.hears(alice, new, "!policy")

    assert before["request"] != []
    assert house.rows() == before
    assert keys(over_the_limit) == ["error.over_the_room_limit"]
    assert keys(loosened) == ["error.may_not_set_policy"]
    assert "20.00 EUR" in words(shown)


async def test_case_32_in_a_room_that_everyone_can_read_balances_go_by_direct_message(
    house: House, people: People
) -> None:
    alice = await people.arrive("Alice")
    await house.enroll(alice)
    readable = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
    encrypted = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    made = await alice.client.room_create(
        visibility=RoomVisibility.public,
        preset=RoomPreset.public_chat,
        invite=[house.me],
        initial_state=[readable, encrypted],
    )
    room = str(made.room_id)
    await alice.wait_for_member(room, house.me)

    for line in ("!history", "!topup 12.34 EUR"):
        for say in await house.hears(alice, room, line):
            assert say.person == alice.user_id or say.key == "reply.see_direct_message"
    told = await house.hears(alice, room, "!balance")

    assert [(say.key, say.room, say.person) for say in told] == [
        ("reply.see_direct_message", room, None),
        ("balance.told", None, alice.user_id),
    ]


async def test_case_33_strangers_and_their_thousand_invitations_are_left_outside(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path
) -> None:
    alice, mallory = await people.arrive("Alice"), await people.arrive("Mallory")
    server = me.partition(":")[2]
    permissions = {server: "user", mallory.user_id: "blocked"}
    async with open_house(hostile.url, me, tmp_path / "bot", permissions=permissions) as house:
        refused = await mallory.create_room("Casino", [me])
        invitations = dict(_invitation(number, me, mallory) for number in range(MOST_INVITES + 500))
        hostile.tell({"rooms": {"invite": invitations}})
        room = await open_room(house, alice)
        said = await house.hears(alice, room, "!help")
        waiting = house.matrix._invites._unwelcome  # noqa: SLF001 - what is remembered of them
        joined = [one.path for one in hostile.asked_for("POST", "rooms/[^/]+/join|join/.*")]

        assert said
        assert joined == [f"rooms/{room}/join"]
        assert 0 < len(waiting) <= MOST_INVITES
        assert refused not in joined


async def test_case_34_who_kicks_the_bot_cannot_stop_the_money_and_the_payer_is_told_directly(
    hostile: HostileHomeserver, people: People, me: str, tmp_path: Path
) -> None:
    rail = GatedRail(name="bank")
    async with open_house(hostile.url, me, tmp_path / "bot", rails={"bank": rail}) as house:
        room, (mallory, alice, bob) = await sit_down(house, people, "Mallory", "Alice", "Bob")
        card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
        await house.hears(alice, room, f"!confirm {code_of(card)}")
        await rail.asked.wait()
        await alice.wait_for(room, lambda seen: "on its way" in seen.body.lower())
        await post(mallory, "rooms", room, "kick", user_id=house.me)
        await alice.wait_until(lambda: house.me not in alice.client.rooms[room].users)
        rail.gate.set()
        told = await alice.wait_for(
            None,
            lambda seen: seen.room_id != room and payment_of(card) in seen.body and seen.sender == house.me,
        )

        assert told.encrypted
        assert "5.00 EUR" in told.body
        assert await house.state_of(payment_of(card)) == "settled"
        assert (house.moved, await house.balance(bob.user_id)) == ([500], 500)


async def _until_gone(who_looks: Person, room: str, gone: Person) -> None:
    await who_looks.wait_until(lambda: gone.user_id not in who_looks.client.rooms[room].users)


def _invitation(number: int, me: str, inviter: Person) -> tuple[str, object]:
    member = {"type": "m.room.member", "state_key": me, "sender": inviter.user_id, "content": {}}
    return f"!casino-{number}:nowhere", {"invite_state": {"events": [member]}}
