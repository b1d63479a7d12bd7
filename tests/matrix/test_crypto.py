"""What the bot's keys open, and that no envelope makes them fail."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest

from paybridge.matrix.account import Account
from paybridge.matrix.crypto import Crypto
from tests.fuzz.friend import Friend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOM = "!room:hs"
SAID = {"type": "m.room.message", "room_id": ROOM, "content": {"msgtype": "m.text", "body": "!help"}}


@pytest.fixture
def crypto(tmp_path: Path) -> Iterator[Crypto]:
    crypto = Crypto(Account("@paybridge:hs", "DEVICE", secrets.token_hex(16)), tmp_path / "bot")
    yield crypto
    crypto.close()


@pytest.fixture
def alice(crypto: Crypto, tmp_path: Path) -> Iterator[Friend]:
    """Somebody whose room key the bot has."""
    shared = crypto.olm.share_keys()
    alice = Friend("@alice:hs", tmp_path / "alice")
    alice.meet(shared["device_keys"], shared["one_time_keys"])
    assert len(crypto.take([alice.new_room_key(ROOM)])) == 1
    yield alice
    alice.close()


class KilledError(BaseException):
    """As if the process had ended here."""


def test_killed_between_the_ratchet_and_the_room_key_it_has_both_or_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account("@paybridge:hs", "DEVICE", secrets.token_hex(16))
    crypto, alice = Crypto(account, tmp_path / "bot"), Friend("@alice:hs", tmp_path / "alice")
    shared = crypto.olm.share_keys()
    crypto.olm.save_account()
    alice.meet(shared["device_keys"], shared["one_time_keys"])
    message = alice.new_room_key(ROOM)

    def killed(_: object) -> None:
        raise KilledError

    monkeypatch.setattr(crypto.olm.store, "save_inbound_group_session", killed)
    with pytest.raises(KilledError):
        crypto.take([message])
    crypto.close()
    again = Crypto(account, tmp_path / "bot")
    came = again.take([message])
    opened = again.open(ROOM, alice.encrypt(ROOM, json.dumps(SAID).encode()))
    again.close()
    alice.close()

    assert {room for room, _ in came} == {ROOM}
    assert opened is not None


def test_what_a_room_key_locked_it_opens(crypto: Crypto, alice: Friend) -> None:
    opened = crypto.open(ROOM, alice.encrypt(ROOM, json.dumps(SAID).encode()))

    assert opened is not None
    assert (opened.type, opened.content) == (SAID["type"], SAID["content"])
    assert opened.seal.device == alice.device


@pytest.mark.parametrize("key", [[], {}, 5, "another", True])
def test_an_envelope_that_names_another_key_is_not_opened(crypto: Crypto, alice: Friend, key: object) -> None:
    cipher = alice.encrypt(ROOM, json.dumps(SAID).encode())

    assert crypto.open(ROOM, {**cipher, "sender_key": key}) is None
