"""The table of bridges: ready profiles, rows of one's own, and what no row may say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from paybridge.config import Config, ConfigError
from paybridge.config.bridges import PROFILES, bridge_profile
from paybridge.domain.bridges import Bridge, Tier

Load = Callable[..., Config]
Written = dict[str, Any]

UUID = "5f1d2c3b-0a9e-4c7d-8b6a-112233445566"
GHOSTS = [
    ("mautrix-whatsapp", "whatsapp_4915112345678", "WhatsApp", Tier.ACCOUNT),
    ("mautrix-whatsapp", "whatsapp_lid-4411", "WhatsApp", Tier.ACCOUNT),
    ("mautrix-telegram", "telegram_123456", "Telegram", Tier.ACCOUNT),
    ("mautrix-signal", f"signal_{UUID}", "Signal", Tier.ACCOUNT),
    ("mautrix-discord", "discord_123456789", "Discord", Tier.ACCOUNT),
    ("mautrix-slack", "slack_t0abc-u1def", "Slack", Tier.ACCOUNT),
    ("mautrix-meta", "facebook_10001", "Facebook", Tier.ACCOUNT),
    ("mautrix-gmessages", "gmessages_1.7", "SMS", Tier.NICK),
    ("heisenbridge", "irc_libera_ann=5b=5d", "IRC", Tier.NICK),
    ("matrix-appservice-irc", "irc_ann", "IRC", Tier.NICK),
]
NO_GHOSTS = [
    ("mautrix-whatsapp", "@whatsappbot:hs"),
    ("mautrix-whatsapp", "@whatsapp_bot-meta:hs"),
    ("mautrix-telegram", "@telegram_channel-100123:hs"),
    ("mautrix-slack", "@slack_t0abc-b1def:hs"),
    ("matterbridge", "@matterbridge:hs"),
    ("matrix-hookshot", "@_webhooks_alerts:hs"),
    ("heisenbridge", "@heisenbridge:hs"),
]


def row(load: Load, written: Written, **keys: object) -> Bridge:
    written["bridges"] = [{"id": "one", **keys}]
    (bridge,) = load(written).settings().bridges.rows
    return bridge


@pytest.mark.parametrize(("profile", "localpart", "network", "tier"), GHOSTS)
def test_a_ready_profile_knows_its_ghosts_on_ones_own_server_alone(
    load: Load, written: Written, profile: str, localpart: str, network: str, tier: Tier
) -> None:
    bridge = row(load, written, profile=profile)

    assert bridge.has_ghost(f"@{localpart}:hs")
    assert not bridge.has_ghost(f"@{localpart}:elsewhere")
    assert not bridge.has_ghost(f"@{localpart}:elsewhere:hs")
    assert not bridge.has_ghost(f"@x{localpart}:hs")
    assert (bridge.network, bridge.tier) == (network, tier)


@pytest.mark.parametrize(("profile", "mxid"), NO_GHOSTS)
def test_bots_channels_and_shared_accounts_are_denied(
    load: Load, written: Written, profile: str, mxid: str
) -> None:
    bridge = row(load, written, profile=profile)

    assert bridge.denies(mxid)
    assert not bridge.has_ghost(mxid)


def test_each_profile_has_a_file_that_can_be_read() -> None:
    assert [bridge_profile(name).network for name in PROFILES]


def test_a_row_of_ones_own_needs_no_profile(load: Load, written: Written) -> None:
    bridge = row(
        load,
        written,
        network="XMPP",
        ghosts="^@_xmpp_.*:hs$",
        bot="@xmppbot:hs",
        tier="nick",
        denied=["@_xmpp_relay-.*:hs"],
    )

    assert bridge.has_ghost("@_xmpp_ann:hs")
    assert bridge.denies("@_xmpp_relay-1:hs")
    assert (bridge.network, bridge.tier, bridge.bot) == ("XMPP", Tier.NICK, "@xmppbot:hs")


def test_what_an_operator_says_of_a_profile_comes_on_top(load: Load, written: Written) -> None:
    bridge = row(
        load,
        written,
        profile="mautrix-whatsapp",
        ghosts="@wa_[0-9]+:hs",
        bot="@wabot:hs",
        tier="nick",
        denied=["@wa_99.*:hs"],
    )

    assert bridge.has_ghost("@wa_1:hs")
    assert not bridge.has_ghost("@whatsapp_1:hs")
    assert bridge.denies("@wa_991:hs")
    assert bridge.denies("@whatsapp_bot-1:hs")
    assert (bridge.bot, bridge.tier) == ("@wabot:hs", Tier.NICK)


@pytest.mark.parametrize(
    "ghosts", ["@whatsapp_.*|.*:hs", "@(?:whatsapp_|a).*:hs", "@whatsapp_(?:.*|.*:elsewhere:hs|):hs"]
)
def test_no_alternative_in_a_pattern_reaches_other_people(load: Load, written: Written, ghosts: str) -> None:
    written["bridges"] = [{"id": "one", "profile": "mautrix-whatsapp", "ghosts": ghosts}]
    try:
        (bridge,) = load(written).settings().bridges.rows
    except ConfigError:
        return

    assert not any(map(bridge.has_ghost, ("@alice:hs", "@whatsapp_1:elsewhere", "@whatsapp_1:elsewhere:hs")))


MISTAKES: list[tuple[Written, str]] = [
    ({"profile": "mautrix-icq"}, "bridges[0].profile: should be 'mautrix-whatsapp'"),
    ({"ghost": "@a"}, "bridges[0].ghost: no such key"),
    ({"profile": "heisenbridge", "ghosts": "@irc_.*"}, "must begin with @ and end with :hs, your own server"),
    ({"profile": "heisenbridge", "ghosts": "@irc_.*:.*"}, "must begin with @ and end with :hs"),
    ({"profile": "heisenbridge", "ghosts": "irc_.*:hs"}, "must begin with @ and end with :hs"),
    ({"profile": "heisenbridge", "ghosts": "@.*:hs"}, "at least 3 letters that all its ghosts share"),
    ({"profile": "heisenbridge", "ghosts": "@[a-z]+:hs"}, "at least 3 letters"),
    ({"profile": "heisenbridge", "ghosts": "@irc*:hs"}, "at least 3 letters"),
    ({"profile": "heisenbridge", "ghosts": "@irc_(:hs"}, "is not a regular expression"),
    (
        {"profile": "heisenbridge", "ghosts": "@bot.*:hs"},
        "bridges[0].ghosts: also fits @bot:hs, who is no ghost",
    ),
    ({"profile": "heisenbridge", "denied": ["@.*:hs"]}, "bridges[0].ghosts: also fits @bot:hs"),
    ({"profile": "heisenbridge", "bot": "@irc:elsewhere"}, "bridges[0].bot: must be on your own server, hs"),
    ({"profile": "heisenbridge", "tier": "account"}, "bridges[0].tier: IRC is no more than nick"),
    ({"profile": "matterbridge", "tier": "nick"}, "bridges[0].tier: matterbridge is no more than denied"),
    ({"profile": "heisenbridge", "tier": "any"}, "bridges[0].tier: must be account, nick or denied"),
    ({}, "bridges[0].tier: is missing"),
    ({"tier": "nick"}, "bridges[0].network: is missing"),
    ({"tier": "nick", "network": "X"}, "bridges[0].bot: is missing"),
    ({"tier": "nick", "network": "X", "bot": "@x:hs"}, "bridges[0].ghosts: is missing"),
    ({"id": "Upper", "profile": "heisenbridge"}, "bridges[0].id: "),
]


@pytest.mark.parametrize(("keys", "fault"), MISTAKES, ids=[fault for _, fault in MISTAKES])
def test_whatever_is_wrong_with_a_row_is_told_at_its_key(
    load: Load, written: Written, keys: Written, fault: str
) -> None:
    written["bridges"] = [{"id": "one", **keys}]
    with pytest.raises(ConfigError) as refused:
        load(written)

    assert fault in str(refused.value)


def test_two_rows_are_two_bridges(load: Load, written: Written) -> None:
    written["bridges"] = [{"id": "a", "profile": "heisenbridge"}, {"id": "a", "profile": "mautrix-signal"}]
    with pytest.raises(ConfigError, match=r"bridges\[1\]\.id: is another bridge's"):
        load(written)

    written["bridges"] = [{"id": "a", "profile": "heisenbridge"}, {"id": "b", "profile": "heisenbridge"}]
    with pytest.raises(ConfigError, match=r"bridges\[1\]\.bot: is another bridge's"):
        load(written)


# ---------------------------------------------------------------- registrations


def registration(*users: dict[str, object], bot: str = "whatsappbot") -> str:
    return json.dumps(
        {"id": "wa", "as_token": "hush", "sender_localpart": bot, "namespaces": {"users": users}}
    )


OURS = {"exclusive": True, "regex": r"^@whatsapp_.*:hs$"}
SOUND = [
    registration(OURS),
    registration({"exclusive": True, "regex": "@whatsapp_.*"}),
    registration(OURS, {"exclusive": True, "regex": "^@whatsappbot:hs$"}, bot="random"),
    registration({"exclusive": True, "regex": "@whatsapp_(?:lid-)?[0-9]+:hs"}),
]
UNSOUND = [
    (registration(OURS | {"exclusive": False}), "does not say exclusive: true of the ghosts"),
    (registration({"regex": OURS["regex"]}), "does not say exclusive: true of the ghosts"),
    (registration({"exclusive": True, "regex": "@whatsapp_[0-9]+:hs"}), "does not reserve all ids"),
    (registration({"exclusive": True, "regex": "@whatsapp_.*:elsewhere"}), "does not reserve all ids"),
    (registration({"exclusive": True, "regex": "@telegram_.*:hs"}), "does not reserve all ids"),
    (registration(), "does not reserve all ids"),
    (registration(OURS, bot="random"), "does not reserve the bot's id, @whatsappbot:hs"),
    ("[1]", "is no registration: it has no namespaces.users"),
    ("a: [", "is not YAML"),
]


@pytest.mark.parametrize("text", SOUND)
def test_a_registration_that_reserves_the_ghosts_is_taken(
    load: Load, written: Written, tmp_path: Path, text: str
) -> None:
    (tmp_path / "registration.yaml").write_text(text)

    assert (
        row(load, written, profile="mautrix-whatsapp", registration="registration.yaml").network == "WhatsApp"
    )


@pytest.mark.parametrize(
    ("text", "fault"), UNSOUND, ids=[f"{fault}-{number}" for number, (_, fault) in enumerate(UNSOUND)]
)
def test_a_registration_that_does_not_is_refused_and_not_shown(
    load: Load, written: Written, tmp_path: Path, text: str, fault: str
) -> None:
    (tmp_path / "registration.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        row(load, written, profile="mautrix-whatsapp", registration="registration.yaml")

    assert str(refused.value).startswith("config: bridges[0].registration: ")
    assert fault in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_registration_that_cannot_be_read_is_told(load: Load, written: Written) -> None:
    with pytest.raises(ConfigError, match=r"bridges\[0\]\.registration: cannot read .*: No such file"):
        row(load, written, profile="mautrix-whatsapp", registration="nowhere.yaml")


# ---------------------------------------------------------------- documentation

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    DOCS / "bridges.md",
    *(page for page in sorted((DOCS / "bridges").glob("*.md")) if page.stem in PROFILES),
]
SNIPPET = re.compile(r"(?ms)^```yaml\n(bridges:.*?)^```")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_snippet_of_the_documentation_can_be_used(load: Load, written: Written, page: Path) -> None:
    written["homeserver"]["user_id"] = "@paybridge:example.org"
    snippets = SNIPPET.findall(page.read_text(encoding="utf-8"))
    for snippet in snippets:
        told = YAML(typ="safe", pure=True).load(snippet)
        for one in told["bridges"]:
            one.pop("registration", None)
        bridges = load(written | told).settings().bridges

        assert len(bridges.rows) == len(told["bridges"])

    assert snippets
