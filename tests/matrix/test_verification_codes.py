"""One verification: its moves, its codes against a second implementation, and everything that ends it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from nio.crypto import Sas as NioSas
from vodozemac import Sas

from paybridge.matrix.verification import messages, verification
from paybridge.matrix.verification.emoji import EMOJI
from paybridge.matrix.verification.messages import MalformedError
from paybridge.matrix.verification.moves import MOVES, Happening, State
from paybridge.matrix.verification.sas import Side
from paybridge.matrix.verification.verification import FoulError, Turn, Verification
from tests.fakes.verifying import Peer

OURS = {"ed25519:BOT": "bot-key", "ed25519:MASTER": "MASTER"}
UNTIL = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
START, KEY, MAC, DONE, CANCEL = (
    f"m.key.verification.{kind}" for kind in ("start", "key", "mac", "done", "cancel")
)


@pytest.fixture
def peer() -> Peer:
    return Peer()


class Talk:
    """A verification and the peer that it is with."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.now = Verification(
            peer.transaction, Side(peer.bot, peer.bot_device), Side(peer.mxid, peer.device), UNTIL
        )

    def hear(self, kind: str, content: dict[str, Any], theirs: dict[str, str] | None = None) -> Turn:
        message = messages.read(kind, content)
        assert message is not None
        keys = dict(self.peer.keys) if theirs is None else theirs
        turn = verification.hear(self.now, message, Sas(), OURS, keys)
        self.now = turn.verification
        return turn

    def until_shown(self) -> None:
        self.hear(START, self.peer.start())
        ((_, content),) = self.hear(KEY, self.peer.key()).answers
        self.peer.take_key(content)


@pytest.fixture
def talk(peer: Peer) -> Talk:
    return Talk(peer)


def code_of(turn: Turn) -> str:
    ((kind, content),) = turn.answers
    assert kind == CANCEL
    return str(content["code"])


def test_a_request_is_answered_with_what_the_bot_can_do(peer: Peer, talk: Talk) -> None:
    request = messages.read("m.key.verification.request", peer.request())
    assert isinstance(request, messages.Request)

    turn = verification.begin(talk.now, request)

    assert turn.answers == (("m.key.verification.ready", {"from_device": "BOT", "methods": ["m.sas.v1"]}),)


def test_who_only_knows_ways_for_which_one_must_see_is_refused(talk: Talk) -> None:
    turn = verification.begin(talk.now, messages.Request("PHONE", ("m.qr_code.scan.v1",), None))

    assert code_of(turn) == "m.unknown_method"
    assert turn.verification.state is State.CANCELLED


@pytest.mark.parametrize("mac_method", ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"])
def test_both_sides_compute_the_same_by_different_means(mac_method: str) -> None:
    for _ in range(20):
        peer = Peer(mac_method=mac_method)
        talk = Talk(peer)
        ((_, accepted),) = talk.hear(START, peer.start()).answers
        ((_, key),) = talk.hear(KEY, peer.key()).answers
        peer.take_key(key)
        (mac_kind, mac), done = talk.hear(MAC, peer.mac()).answers
        codes = talk.now.codes
        assert codes is not None

        assert accepted["message_authentication_code"] == mac_method
        assert peer.is_committed(accepted["commitment"], peer.start())
        assert codes.emoji == tuple(EMOJI[place] for place in peer.emoji)
        assert codes.decimals == peer.decimals
        assert mac_kind == MAC
        assert mac["mac"] == {key_id: peer.mac_of(text, key_id, by_bot=True) for key_id, text in OURS.items()}
        assert mac["keys"] == peer.mac_of("ed25519:BOT,ed25519:MASTER", "KEY_IDS", by_bot=True)
        assert done == (DONE, {})
        assert talk.now.vouched == peer.keys.keys()
        assert talk.hear(DONE, {}) == Turn(talk.now)
        assert talk.now.state is State.DONE


def test_the_pictures_are_those_that_others_have_too() -> None:
    assert [picture for picture, _ in EMOJI] == [picture for picture, _ in NioSas.emoji]


ENDS = {
    State.READY: [],
    State.ACCEPTED: [START],
    State.SHOWN: [START, KEY],
    State.CONFIRMED: [START, KEY, MAC],
    State.DONE: [START, KEY, MAC, DONE],
    State.CANCELLED: [CANCEL],
}
KINDS = {
    Happening.START: START,
    Happening.KEY: KEY,
    Happening.MAC: MAC,
    Happening.DONE: DONE,
    Happening.CANCEL: CANCEL,
}


def content_of(peer: Peer, kind: str) -> dict[str, Any]:
    contents = {START: peer.start(), KEY: peer.key(), DONE: {}, CANCEL: {"code": "m.user"}}
    return peer.mac() if kind == MAC else contents[kind]


def brought_to(state: State, peer: Peer) -> Talk:
    talk = Talk(peer)
    for kind in ENDS[state]:
        turn = talk.hear(kind, content_of(peer, kind))
        if kind == KEY:
            ((_, content),) = turn.answers
            peer.take_key(content)
    assert talk.now.state is state
    return talk


@pytest.mark.parametrize(("state", "happening"), sorted(product(State, KINDS)))
def test_what_is_said_out_of_turn_ends_the_verification(
    peer: Peer, state: State, happening: Happening
) -> None:
    talk = brought_to(state, peer)
    peer.secret = peer.secret or bytes(32)
    turn = talk.hear(KINDS[happening], content_of(peer, KINDS[happening]))

    if (state, happening) in MOVES:
        assert talk.now.state is MOVES[state, happening]
    else:
        assert talk.now.state is State.CANCELLED
        silent = state in {State.DONE, State.CANCELLED}
        assert turn.answers == () if silent else code_of(turn) == "m.unexpected_message"


@pytest.mark.parametrize("state", list(State))
def test_the_operator_may_deny_what_was_shown_and_the_clock_ends_what_is_under_way(
    peer: Peer, state: State
) -> None:
    now = brought_to(state, peer).now
    for happening, move, code in (
        (Happening.DENY, verification.deny, "m.mismatched_sas"),
        (Happening.OVERTIME, verification.expire, "m.timeout"),
    ):
        if (state, happening) not in MOVES:
            with pytest.raises(FoulError):
                move(now)
            continue
        turn = move(now)
        assert turn.verification.state is State.CANCELLED
        assert turn.answers == () if state is State.DONE else code_of(turn) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"from_device": "LAPTOP"}, "m.invalid_message"),
        ({"method": "m.reciprocate.v1"}, "m.unknown_method"),
        ({"hashes": ["md5"]}, "m.unknown_method"),
        ({"key_agreement_protocols": ["curve25519"]}, "m.unknown_method"),
        ({"message_authentication_codes": ["none"]}, "m.unknown_method"),
        ({"short_authentication_string": []}, "m.unknown_method"),
        ({"more": float("nan")}, "m.invalid_message"),
        ({"more": "\ud800"}, "m.invalid_message"),
    ],
)
def test_a_start_that_does_not_fit_ends_it(
    peer: Peer, talk: Talk, changed: dict[str, Any], code: str
) -> None:
    assert code_of(talk.hear(START, peer.start() | changed)) == code


@pytest.mark.parametrize("key", ["", "AAAA", "!" * 43, "A" * 43])
def test_what_is_no_key_or_a_trap_ends_it(peer: Peer, talk: Talk, key: str) -> None:
    talk.hear(START, peer.start())

    assert code_of(talk.hear(KEY, {"key": key})) == "m.invalid_message"


def test_other_keys_than_the_homeserver_shows_end_it(peer: Peer, talk: Talk) -> None:
    talk.until_shown()

    turn = talk.hear(MAC, peer.mac(), {"ed25519:PHONE": "phone", "ed25519:M": "another"})

    assert code_of(turn) == "m.key_mismatch"


@pytest.mark.parametrize("broken", ["list", "nothing known", "one mac"])
def test_a_mac_that_proves_nothing_ends_it(peer: Peer, talk: Talk, broken: str) -> None:
    talk.until_shown()
    content, theirs = peer.mac(), dict(peer.keys)
    match broken:
        case "list":
            content["keys"] = peer.mac_of("ed25519:PHONE", "KEY_IDS")
        case "nothing known":
            theirs = {}
        case _:
            content["mac"]["ed25519:M"] = content["mac"]["ed25519:PHONE"]

    assert code_of(talk.hear(MAC, content, theirs)) == "m.key_mismatch"


def test_keys_that_nobody_knows_vouch_for_nothing(peer: Peer, talk: Talk) -> None:
    peer.keys = {**peer.keys, "ed25519:X": "x"}
    talk.until_shown()
    talk.hear(MAC, peer.mac(), {"ed25519:PHONE": "phone"})

    assert talk.now.state is State.CONFIRMED
    assert talk.now.vouched == {"ed25519:PHONE"}


def test_the_codes_are_of_this_verification_and_no_other(peer: Peer, talk: Talk) -> None:
    talk.until_shown()
    assert talk.now.codes is not None
    peer.transaction = "t2"

    assert talk.now.codes.decimals != peer.decimals


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("request", {}),
        ("request", {"from_device": "", "methods": []}),
        ("request", {"from_device": "D" * 256, "methods": []}),
        ("request", {"from_device": "D\n", "methods": []}),
        ("request", {"from_device": "D", "methods": "m.sas.v1"}),
        ("request", {"from_device": "D", "methods": ["x"] * 51}),
        ("start", {"from_device": "D"}),
        ("start", {"from_device": "D", "method": "m.sas.v1", "hashes": 5}),
        ("key", {"key": 5}),
        ("mac", {"mac": {}, "keys": "x"}),
        ("mac", {"mac": {"a": 5}, "keys": "x"}),
        ("mac", {"mac": {"a": "x"}}),
        ("mac", {"mac": {"\ud800": "x"}, "keys": "x"}),
        ("mac", {"mac": {str(number): "x" for number in range(21)}, "keys": "x"}),
    ],
)
def test_what_is_not_well_formed_is_said_to_be_so(kind: str, content: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        messages.read(f"m.key.verification.{kind}", content)


@pytest.mark.parametrize("kind", ["ready", "accept", "x", ""])
def test_what_is_for_the_bot_to_say_is_read_as_nothing(kind: str) -> None:
    assert messages.read(f"m.key.verification.{kind}", {}) is None
