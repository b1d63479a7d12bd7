"""The Matrix side on a real homeserver: what reaches the handler, with which proof, and what the bot says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.proof import OwnDevice, Trust
from tests.flows.bot import running
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import People


async def test_a_command_in_an_encrypted_room_is_handed_over_with_the_proof_of_its_sender(
    people: People, tmp_path: Path
) -> None:
    me = await people.account("PayBridge")
    async with running(people.homeserver.url, me, tmp_path / "bot", password=PASSWORD) as bot:
        alice = await people.arrive("Alice")
        room = await alice.create_room("Pizza", [me])
        await alice.wait_for_member(room, me)

        event = await alice.say(room, "!pay @bob:hs 5 EUR pizza")
        spoken = await bot.until_told("!pay @bob:hs 5 EUR pizza")

    assert (spoken.event, spoken.room, spoken.sender) == (event, room, alice.user_id)
    assert spoken.proof == OwnDevice(Trust.CROSS_SIGNED_TOFU, str(alice.client.device_id))
    assert (spoken.encrypted, spoken.direct, spoken.trouble) == (True, True, None)


async def test_what_the_bot_says_in_an_encrypted_room_is_read_even_by_the_careful(
    people: People, tmp_path: Path
) -> None:
    me = await people.account("PayBridge")
    async with running(people.homeserver.url, me, tmp_path / "bot", password=PASSWORD) as bot:
        alice = await people.arrive("Alice", signed_devices_only=True)
        room = await alice.create_room("Pizza", [me])
        await alice.wait_for_member(room, me)

        asked = await alice.say(room, "!help")
        await bot.until_told("!help")
        about = {"v": 1, "id": "PB-7K3QD"}
        await bot.say("First", room=room, reply_to=asked, notify=(alice.user_id,), about=about)
        first = await alice.wait_for(room, lambda seen: seen.body == "First")

    assert (first.sender, first.encrypted) == (me, True)
    assert first.content["org.paybridge.payment"] == about
    assert first.content["m.relates_to"] == {"m.in_reply_to": {"event_id": asked}}
    assert first.content["m.mentions"] == {"user_ids": [alice.user_id]}
