"""How the bot speaks where a ghost listens, on a real homeserver."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paybridge.domain.bridges import Bridge, Bridges, Tier
from paybridge.matrix.outbox import GHOST
from tests.flows.bot import running
from tests.harness import PASSWORD, People

if TYPE_CHECKING:
    from pathlib import Path


async def test_where_a_ghost_listens_news_are_new_messages_and_ghosts_have_no_direct_message(
    people: People, tmp_path: Path
) -> None:
    me = await people.account("PayBridge")
    alice, ghost = await people.arrive("Alice"), await people.arrive("irc")
    table = Bridges((Bridge("irc", "IRC", re.compile(re.escape(ghost.user_id)), "@ircbot:hs", Tier.NICK),))
    async with running(people.homeserver.url, me, tmp_path / "bot", password=PASSWORD, bridges=table) as bot:
        room = await alice.create_room("#market", [me, ghost.user_id], encrypted=False)
        for member in (me, ghost.user_id):
            await alice.wait_for_member(room, member)
        await bot.say("waiting", room=room, slot="payment/1", about={"state": "awaiting_approval"})
        await alice.wait_for(room, lambda seen: seen.body == "waiting")
        await bot.say("secret", person=ghost.user_id)
        await bot.say("sent", room=room, slot="payment/1", about={"state": "settled"})
        await alice.wait_for(room, lambda seen: seen.body == "sent")
        apart = await alice.create_room("Dinner", [me], encrypted=False)
        await alice.wait_for_member(apart, me)
        await bot.say("card", room=apart, slot="payment/2")
        await alice.wait_for(apart, lambda seen: seen.body == "card")
        await bot.say("receipt", room=apart, slot="payment/2")
        receipt = await alice.wait_for(apart, lambda seen: seen.body == "receipt")

    assert [(seen.body, seen.edited) for seen in alice.timeline(room)] == [("waiting", 0), ("sent", 0)]
    assert {seen.content["msgtype"] for seen in alice.timeline(room)} == {"m.text"}
    assert receipt.edited == 1
    assert [(post.person, why) for post, why in bot.aside] == [(ghost.user_id, GHOST)]
    assert set(ghost.client.rooms) == {room}
