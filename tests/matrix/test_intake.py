"""What becomes a letter, and that no event of a stranger's costs the others theirs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.demo.words import plain
from paybridge.matrix import letters
from paybridge.matrix.account import Account
from paybridge.matrix.crypto import Crypto
from paybridge.matrix.intake import Intake
from paybridge.matrix.reading import Me
from paybridge.vault import MasterKey, Vault, found_vault

if TYPE_CHECKING:
    from pathlib import Path

ME = Me("@paybridge:hs", "PayBridge")
ROOM = "!room:hs"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return NOW


class News:
    """What the rooms are told, and pages of what a sync left out."""

    def __init__(self) -> None:
        self.members_changed = 0
        self.rules_changes = 0
        self.encrypted: set[str] = set()
        self.pages: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def changed(self, _room: str) -> None:
        self.members_changed += 1

    def rules_changed(self, _room: str) -> None:
        self.rules_changes += 1

    async def now_encrypted(self, room: str) -> None:
        self.encrypted.add(room)

    async def get(self, *path: str, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(f"{path[-1]} from {query['from']} to {query['to']}")
        return self.pages.pop(0)


@pytest.fixture(scope="module")
def crypto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crypto]:
    folder: Path = tmp_path_factory.mktemp("crypto")
    crypto = Crypto(Account(ME.mxid, "DEVICE", secrets.token_hex(16)), folder)
    yield crypto
    crypto.close()


@pytest.fixture(scope="module")
def vault() -> Vault:
    return found_vault(MasterKey(bytes(32)))[0]


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
def intake(crypto: Crypto, vault: Vault, news: News) -> Intake:
    return intake_of(crypto, vault, news)


def intake_of(crypto: Crypto, vault: Vault, news: News) -> Intake:
    return Intake(wire=news, crypto=crypto, rooms=news, vault=vault, clock=StoppedClock(), me=ME)


def said(event: str, text: str, **others: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of an event
    return {
        "type": "m.room.message",
        "event_id": event,
        "sender": "@alice:hs",
        "origin_server_ts": 1_000,
        "content": plain(text),
        **others,
    }


def arrival(event: str, before: str = "invite") -> dict[str, Any]:
    return {
        "type": "m.room.member",
        "event_id": event,
        "sender": ME.mxid,
        "state_key": ME.mxid,
        "content": {"membership": "join"},
        "unsigned": {"prev_content": {"membership": before}},
    }


def timeline(*events: object, **others: object) -> dict[str, Any]:
    return {"timeline": {"events": list(events), **others}}


async def test_only_candidates_of_others_become_letters(intake: Intake, vault: Vault) -> None:
    kept = await intake.room(
        ROOM,
        timeline(
            said("$1", "hello"),
            said("$2", "!help"),
            said("$3", "!help", sender=ME.mxid),
            said("$4", "!help", type="m.room.topic", state_key=""),
            said("$5", "!help", type="m.sticker"),
        ),
        "since",
    )

    assert [(letter.event, letter.room, letter.sender, letter.received) for letter in kept] == [
        ("$2", ROOM, "@alice:hs", NOW)
    ]
    assert letters.unseal(vault, kept[0].payload) == letters.Told(
        1_000, {"msgtype": "m.text", "body": "!help"}
    )
    assert b"help" not in kept[0].payload


async def test_the_first_sync_of_all_tells_only_about_the_rooms(intake: Intake, news: News) -> None:
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {}}

    assert not await intake.room(
        ROOM, {"state": {"events": [encryption]}, **timeline(said("$1", "!help"))}, None
    )
    assert news.encrypted == {ROOM}


async def test_nothing_counts_that_was_said_before_the_bot_arrived(intake: Intake) -> None:
    told = timeline(said("$1", "!before"), arrival("$2"), said("$3", "!after"), arrival("$4", before="join"))

    assert [letter.event for letter in await intake.room(ROOM, told, "since")] == ["$3"]


async def test_what_a_sync_leaves_out_is_fetched_back_to_the_last_one(intake: Intake, news: News) -> None:
    news.pages = [
        {"chunk": [said("$4", "!four"), said("$3", "!three")], "end": "middle"},
        {"chunk": [said("$2", "!two"), said("$1", "!one")], "end": "start"},
        {"chunk": [], "end": "start"},
    ]
    told = timeline(said("$5", "!five"), limited=True, prev_batch="newest")

    assert [letter.event for letter in await intake.room(ROOM, told, "since")] == [
        "$1",
        "$2",
        "$3",
        "$4",
        "$5",
    ]
    assert news.asked == [f"messages from {start} to since" for start in ("newest", "middle", "start")]
    assert news.members_changed


async def test_fetching_stops_where_the_bot_arrived(intake: Intake, news: News) -> None:
    news.pages = [{"chunk": [said("$3", "!three"), arrival("$2"), said("$1", "!one")], "end": "start"}]
    told = timeline(said("$4", "!four"), limited=True, prev_batch="newest")

    assert [letter.event for letter in await intake.room(ROOM, told, "since")] == ["$3", "$4"]
    assert len(news.asked) == 1


async def test_an_encrypted_event_without_its_key_is_kept_as_far_as_decrypting_needs(
    intake: Intake, vault: Vault
) -> None:
    cipher = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "S", "ciphertext": "C", "sender_key": "K"}
    event = said("$1", "", type="m.room.encrypted", content={**cipher, "extra": [[[[5]]]]})
    (letter,) = await intake.room(ROOM, timeline(event), "since")

    assert letters.unseal(vault, letter.payload) == letters.Told(1_000, cipher=cipher)


@pytest.mark.parametrize("session", ["\ud800", "\u00df" * 43, "A" * 101])
async def test_what_names_no_session_is_not_kept(intake: Intake, session: str) -> None:
    cipher = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": session, "ciphertext": "C"}

    event = said("$1", "", type="m.room.encrypted", content=cipher)

    assert not await intake.room(ROOM, timeline(event), "since")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(["m.room.message", "m.room.encrypted", "m.room.member", "m.room.encryption"])
events = st.fixed_dictionaries(
    {},
    optional={
        "type": kinds | json_values,
        "event_id": st.just("$x") | json_values,
        "sender": st.just("@alice:hs") | json_values,
        "origin_server_ts": st.integers() | json_values,
        "state_key": json_values,
        "unsigned": json_values,
        "content": json_values
        | st.fixed_dictionaries(
            {"algorithm": st.just("m.megolm.v1.aes-sha2"), "session_id": st.text(max_size=4)},
            optional={"ciphertext": json_values, "sender_key": json_values, "device_id": json_values},
        ),
    },
)


@given(st.lists(events | json_values, max_size=4))
def test_no_event_costs_the_next_one_its_letter(crypto: Crypto, vault: Vault, strange: list[object]) -> None:
    intake = intake_of(crypto, vault, News())
    told = timeline(*strange, said("$mine", "!help"))

    kept = asyncio.run(intake.room(ROOM, told, "since"))

    assert kept[-1].event == "$mine"


@given(
    st.lists(
        json_values | st.fixed_dictionaries({"type": st.just("m.room.encrypted"), "content": json_values})
    )
)
def test_nothing_that_is_sent_to_the_device_raises(crypto: Crypto, strange: list[object]) -> None:
    assert crypto.take(strange) == set()


@pytest.mark.parametrize("kind", ["org.paybridge.policy", "m.room.power_levels"])
async def test_a_change_of_the_rooms_rules_is_told_and_nothing_of_it_is_believed(
    intake: Intake, news: News, kind: str
) -> None:
    rule = {"type": kind, "state_key": "", "sender": "@alice:hs", "content": {"v": 1}}

    assert not await intake.room(ROOM, {"state": {"events": [rule]}, **timeline(rule)}, "since")
    assert not await intake.room(ROOM, timeline({**rule, "type": "m.room.topic"}, {"type": kind}), "since")

    assert news.rules_changes == 2
    assert news.members_changed == 0
