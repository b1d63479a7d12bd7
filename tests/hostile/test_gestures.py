"""Reactions and redactions, which nothing proves: they may stop a payment, and never start one."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tests.hostile.house import code_of, keys, payment_of
from tests.hostile.table import sit_down

if TYPE_CHECKING:
    from paybridge.demo.person import Seen
    from tests.harness import People
    from tests.hostile.house import House
    from tests.hostile.proxy import Event, HostileHomeserver

CONSENT = ("\u2705", "\u2714\ufe0f", "\U0001f44d", "yes", "!yes", "\u274c")


async def test_case_04_a_forged_reaction_confirms_nothing(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    typed = await alice.say(room, f"!pay {bob.user_id} 5 EUR")
    card = await house.answered(typed)
    shown = await alice.wait_for(room, lambda seen: code_of(card) in seen.body)

    for number, key in enumerate((*CONSENT[:-1], f"!confirm {code_of(card)}")):
        for target in (shown.event_id, typed):
            hostile.tell_room(room, _reaction(f"${number}{target[1:]}", alice.user_id, target, key))
    await house.is_through(alice, room)

    assert await house.state_of(payment_of(card)) == "awaiting_approval"
    assert house.moved == []


async def test_case_04_a_forged_cross_can_only_stop_what_has_not_begun(
    house: House, people: People, hostile: HostileHomeserver
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    states = []
    for line in ("!help", "!yes"):
        card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
        shown = await alice.wait_for(room, partial(_shows, code_of(card)))
        await house.hears(alice, room, line)
        if line == "!yes":
            await house.until_said("pay.receipt")
        crossed = _reaction(f"$forged-{line[1:]}", alice.user_id, shown.event_id, CONSENT[-1])
        hostile.tell_room(room, crossed)
        await house.answered(str(crossed["event_id"]))
        states.append(await house.state_of(payment_of(card)))

    assert states == ["cancelled", "settled"]
    assert house.moved == [500]


async def test_case_18_a_command_taken_back_before_the_approval_is_off_and_later_the_ledger_stays(
    house: House, people: People
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    early = await alice.say(room, f"!pay {bob.user_id} 5 EUR")
    cancelled = await house.answered(early)
    await alice.redact(room, early)
    await house.until_said("pay.cancelled")
    refused = await house.hears(alice, room, f"!confirm {code_of(cancelled)}")

    late = await alice.say(room, f"!pay {bob.user_id} 6 EUR")
    paid = await house.answered(late)
    await house.hears(alice, room, f"!confirm {code_of(paid)}")
    await house.until_said("pay.receipt")
    before = house.rows()
    await alice.redact(room, late)
    await house.is_through(alice, room)

    assert await house.state_of(payment_of(cancelled)) == "cancelled"
    assert keys(refused) == ["error.nothing_to_confirm"]
    assert (house.rows(), house.moved) == (before, [600])


async def test_case_18_nobody_else_takes_a_command_back(house: House, people: People) -> None:
    room, (moderator, alice, bob) = await sit_down(house, people, "Moderator", "Alice", "Bob")
    typed = await alice.say(room, f"!pay {bob.user_id} 5 EUR")
    card = await house.answered(typed)

    await moderator.wait_for(room, lambda seen: seen.event_id == typed)
    await moderator.redact(room, typed)
    await house.is_through(moderator, room)

    assert await house.state_of(payment_of(card)) == "awaiting_approval"


def _shows(code: str, seen: Seen) -> bool:
    return code in seen.body


def _reaction(event: str, sender: str, target: str, key: str) -> Event:
    relation = {"rel_type": "m.annotation", "event_id": target, "key": key}
    return {
        "type": "m.reaction",
        "event_id": event,
        "sender": sender,
        "origin_server_ts": int(time.time() * 1000),
        "content": {"m.relates_to": relation},
    }
