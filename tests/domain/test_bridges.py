"""Which Matrix ids are ghosts, and behind which no single person stands."""

import re

import pytest

from paybridge.domain.bridges import Bridge, Bridges, Tier

WHATSAPP = Bridge(
    id="whatsapp",
    network="WhatsApp",
    ghosts=re.compile(r"@whatsapp_.+:home\.example"),
    bot="@whatsappbot:home.example",
    tier=Tier.ACCOUNT,
    denied=(re.compile(r"@whatsapp_bot-.+:home\.example"),),
)
MATTERBRIDGE = Bridge(
    id="matterbridge",
    network="matterbridge",
    ghosts=re.compile(r"@matter.*:home\.example"),
    bot="@matterbridge:home.example",
    tier=Tier.DENIED,
)
TABLE = Bridges((WHATSAPP, MATTERBRIDGE))


def test_a_ghost_belongs_to_its_bridge() -> None:
    assert TABLE.of("@whatsapp_4917012345:home.example") is WHATSAPP


@pytest.mark.parametrize(
    "mxid",
    [
        "@whatsapp_4917012345:evil.example",
        "@whatsapp_4917012345:home.example.evil.example",
        "@alice:home.example",
        "@whatsappbot:home.example",
        "@whatsapp_bot-7:home.example",
        "@matter:home.example",
    ],
)
def test_others_are_nobodys_ghost(mxid: str) -> None:
    assert TABLE.of(mxid) is None


@pytest.mark.parametrize(
    ("mxid", "bridge"),
    [
        ("@whatsappbot:home.example", WHATSAPP),
        ("@whatsapp_bot-7:home.example", WHATSAPP),
        ("@matterbridge:home.example", MATTERBRIDGE),
        ("@matter:home.example", MATTERBRIDGE),
        ("@whatsapp_4917012345:home.example", None),
        ("@alice:home.example", None),
    ],
)
def test_behind_bots_and_relays_stands_no_single_person(mxid: str, bridge: Bridge | None) -> None:
    assert TABLE.denying(mxid) is bridge
