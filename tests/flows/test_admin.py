"""Operators in their encrypted room, on a real homeserver: two of them freeze somebody and let him go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.demo.stage import Choices, Stage
from tests.flows.dinner import Guest

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.harness import People


@pytest.mark.slow
async def test_two_operators_freeze_somebody_and_let_him_go_across_a_start(
    homeserver: Homeserver, people: People, tmp_path: Path
) -> None:
    root, ada, bob = [await people.arrive(name) for name in ("Root", "Ada", "Bob")]
    room = await root.create_room("Operators", [ada.user_id])
    await root.wait_for_member(room, ada.user_id)
    server = bob.user_id.partition(":")[2]
    config = {
        "permissions": {server: "user"},
        "admins": [root.user_id, ada.user_id],
        "admin": {"room": room, "two_admins": True},
    }
    async with Stage(tmp_path, homeserver, choices=Choices("office", config)) as stage:
        await root.invite(room, stage.bot_id)
        await root.wait_for_member(room, stage.bot_id)
        first, second = Guest(root, stage, room), Guest(ada, stage, room)
        victim = Guest(bob, stage)
        await victim.links()
        status = await first.asks("!admin status", "Rails that answer: bank")
        await first.asks(f"!admin freeze {bob.user_id} lost phone", "is frozen since")
        told = await victim.hears("Their reason: lost phone", victim.chat)
        await victim.asks("!topup 5 EUR", "has frozen you since", victim.chat)
        elsewhere = await victim.asks("!admin status", "not allowed", victim.chat)
        asked = await first.asks(f"!admin unfreeze {bob.user_id}", "once another operator approves of it")
        name = asked.body.split(",")[0].strip("* ")
        await stage.bot.stop()
        await stage.start_bot()
        await first.asks(f"!admin approve {name}", "another operator must approve of it")
        await second.asks(f"!admin approve {name}", "is done")
        await victim.hears("has ended your freeze", victim.chat)
        card = await victim.drafts("!topup 5 EUR", victim.chat)
        log = await second.asks("!admin log", "approve")
        sound = await second.asks("!admin audit", "The books are sound")

    assert status.room_id == room
    assert told.room_id == victim.chat
    assert room not in elsewhere.body
    assert card.room_id == victim.chat
    assert "freeze" in log.body
    assert "lost phone" in log.body
    assert sound.room_id == room
