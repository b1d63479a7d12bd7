"""A table of bridges for tests, the ghosts in it, and rooms in which they meet people of Matrix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paybridge.domain.bridges import Bridge, Bridges, Tier
from paybridge.domain.people import Identity
from paybridge.domain.proof import ViaBridgeBot
from paybridge.services.ports import RoomFacts, Step
from tests.fakes.house import ALICE, BOB, BOT, open_house

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.house import House

WHATSAPPBOT, HEISENBRIDGE, RELAY = "@whatsappbot:hs", "@heisenbridge:hs", "@matterbridge:hs"
WANDA, WALT = "@whatsapp_4915111:hs", "@whatsapp_4915222:hs"
IRIS = "@irc_libera_iris:hs"
TABLE = Bridges(
    (
        Bridge(
            *("whatsapp", "WhatsApp", re.compile(r"@whatsapp_[0-9]+:hs"), WHATSAPPBOT, Tier.ACCOUNT),
            double_puppets="mautrix-whatsapp",
        ),
        Bridge("irc", "IRC", re.compile(r"@irc_[^:]+:hs"), HEISENBRIDGE, Tier.NICK),
        Bridge("relay", "relay", re.compile(r"@matterbridge:hs"), RELAY, Tier.DENIED),
    )
)
VIA_WHATSAPP, VIA_IRC = ViaBridgeBot("whatsapp"), ViaBridgeBot("irc")
PORTAL, CHANNEL = "!portal:hs", "!channel:hs"


async def open_bridged_house(folder: Path) -> House:
    """A house that knows these bridges: a portal of WhatsApp and a channel of IRC, neither encrypted."""
    house = await open_house(folder, bridges=TABLE)
    everyone = {ALICE: "Alice", BOB: "Bob", BOT: "PayBridge"}
    portal = everyone | {WANDA: "Wanda (WA)", WALT: "Walt (WA)", WHATSAPPBOT: None}
    house.rooms.known[PORTAL] = RoomFacts(PORTAL, encrypted=False, direct=False, members=portal)
    channel = everyone | {IRIS: "iris", HEISENBRIDGE: None}
    house.rooms.known[CHANNEL] = RoomFacts(CHANNEL, encrypted=False, direct=False, members=channel)
    return house


async def make_one(house: House, ghost: str, mxid: str) -> None:
    """Make the ghost another identity of the person behind a Matrix id, as linking does."""
    person = (await house.desk.people.know(mxid)).person
    assert await house.book.person_of(mxid), "whoever is linked has been met before"
    await house.book.commit(Step(records=(Identity(ghost, person.id, house.clock.now()),)))
