"""Cross-signing: what we sign others accept, and what they did not sign we refuse."""

from __future__ import annotations

import copy
import secrets
import stat
from typing import TYPE_CHECKING, Any

import pytest

from paybridge.matrix.crosssigning import (
    BrokenChainError,
    Keys,
    Seeds,
    canonical,
    describe_device,
    public,
    sign,
    unbase64,
    unpadded,
    verify_chain,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ALICE = "@alice:demo.local"
BOB = "@bob:demo.local"


@pytest.fixture
def seeds() -> Seeds:
    return Seeds.new(secrets.token_bytes)


@pytest.fixture
def keys(seeds: Seeds) -> Keys:
    return seeds.keys(ALICE)


@pytest.fixture
def device(seeds: Seeds) -> dict[str, Any]:
    return seeds.sign_device(describe_device(ALICE, "PHONE", curve25519="c" * 43, ed25519="e" * 43))


def test_a_device_that_its_owner_signed_is_accepted(device: dict[str, Any], keys: Keys) -> None:
    verify_chain(device, keys.self_signing, keys.master, ALICE)


def test_what_the_server_adds_outside_the_signature_does_not_matter(
    device: dict[str, Any], keys: Keys
) -> None:
    device["unsigned"] = {"device_display_name": "Alice's phone"}

    verify_chain(device, keys.self_signing, keys.master, ALICE)


def test_someone_elses_name_for_the_chain_is_refused(device: dict[str, Any], keys: Keys) -> None:
    with pytest.raises(BrokenChainError):
        verify_chain(device, keys.self_signing, keys.master, BOB)


@pytest.mark.parametrize("link", ["device", "self_signing", "master"])
def test_one_link_of_another_person_is_refused(device: dict[str, Any], keys: Keys, link: str) -> None:
    bob = Seeds.new(secrets.token_bytes)
    chain: dict[str, Any] = {"device": device, "self_signing": keys.self_signing, "master": keys.master}
    others = {
        "device": bob.sign_device(describe_device(BOB, "PHONE", curve25519="c" * 43, ed25519="e" * 43)),
        "self_signing": bob.keys(BOB).self_signing,
        "master": bob.keys(BOB).master,
    }
    chain[link] = others[link]

    with pytest.raises(BrokenChainError):
        verify_chain(chain["device"], chain["self_signing"], chain["master"], ALICE)


@pytest.mark.parametrize("link", ["device", "self_signing", "master"])
def test_one_link_renewed_without_the_others_is_refused(
    device: dict[str, Any], keys: Keys, link: str
) -> None:
    stranger = Seeds.new(secrets.token_bytes)
    chain: dict[str, Any] = {"device": device, "self_signing": keys.self_signing, "master": keys.master}
    forged = {
        "device": stranger.sign_device(
            describe_device(ALICE, "PHONE", curve25519="x" * 43, ed25519="y" * 43)
        ),
        "self_signing": stranger.keys(ALICE).self_signing,
        "master": stranger.keys(ALICE).master,
    }
    chain[link] = forged[link]

    with pytest.raises(BrokenChainError):
        verify_chain(chain["device"], chain["self_signing"], chain["master"], ALICE)


def _flip_signature(thing: dict[str, Any]) -> None:
    ((key_id, signature),) = thing["signatures"][ALICE].items()
    raw = bytearray(unbase64(signature))
    raw[7] ^= 1
    thing["signatures"][ALICE][key_id] = unpadded(bytes(raw))


def _drop_signatures(thing: dict[str, Any]) -> None:
    del thing["signatures"]


def _change_content(thing: dict[str, Any]) -> None:
    thing["extra"] = "added later"


def _garble(thing: dict[str, Any]) -> None:
    thing["signatures"] = {ALICE: ["not", "an", "object"]}


@pytest.mark.parametrize("tamper", [_flip_signature, _drop_signatures, _change_content, _garble])
@pytest.mark.parametrize("link", ["device", "self_signing"])
def test_tampering_with_a_link_is_refused(
    device: dict[str, Any], keys: Keys, link: str, tamper: Callable[[dict[str, Any]], None]
) -> None:
    chain = {"device": device, "self_signing": copy.deepcopy(dict(keys.self_signing))}
    tamper(chain[link])

    with pytest.raises(BrokenChainError):
        verify_chain(chain["device"], chain["self_signing"], keys.master, ALICE)


def test_a_device_signed_by_the_master_key_alone_is_refused(seeds: Seeds, keys: Keys) -> None:
    plain = describe_device(ALICE, "PHONE", curve25519="c" * 43, ed25519="e" * 43)
    signed_too_high = sign(plain, user_id=ALICE, seed=seeds.master)

    with pytest.raises(BrokenChainError):
        verify_chain(signed_too_high, keys.self_signing, keys.master, ALICE)


def test_a_user_signing_key_cannot_stand_in_for_the_self_signing_key(seeds: Seeds, keys: Keys) -> None:
    plain = describe_device(ALICE, "PHONE", curve25519="c" * 43, ed25519="e" * 43)
    signed_aside = sign(plain, user_id=ALICE, seed=seeds.user_signing)

    with pytest.raises(BrokenChainError):
        verify_chain(signed_aside, keys.user_signing, keys.master, ALICE)


@pytest.mark.parametrize(
    "nonsense", [None, [], "key", 5, {}, {"user_id": ALICE, "usage": "master", "keys": []}]
)
@pytest.mark.parametrize("link", ["device", "self_signing", "master"])
def test_nonsense_from_a_server_is_refused_and_nothing_worse(
    device: dict[str, Any], keys: Keys, link: str, nonsense: object
) -> None:
    chain: dict[str, Any] = {"device": device, "self_signing": keys.self_signing, "master": keys.master}
    chain[link] = nonsense

    with pytest.raises(BrokenChainError):
        verify_chain(chain["device"], chain["self_signing"], chain["master"], ALICE)


def test_a_device_keeps_the_signature_that_it_gave_itself(seeds: Seeds) -> None:
    own = {ALICE: {"ed25519:PHONE": "its own"}}
    plain = describe_device(ALICE, "PHONE", curve25519="c" * 43, ed25519="e" * 43)

    signed = seeds.sign_device({**plain, "signatures": own})

    assert signed["signatures"][ALICE].keys() == {"ed25519:PHONE", f"ed25519:{public(seeds.self_signing)}"}
    assert own == {ALICE: {"ed25519:PHONE": "its own"}}


def test_seeds_come_back_from_a_file_that_only_its_owner_can_read(tmp_path: Path, seeds: Seeds) -> None:
    file = tmp_path / "cross-signing.json"
    Seeds.new(secrets.token_bytes).save(file)
    seeds.save(file)

    assert Seeds.load(file) == seeds
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"master": "AAAA"}', '{"master": 1}'])
def test_a_file_of_something_else_is_not_taken_for_seeds(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cross-signing.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match="does not hold three seeds"):
        Seeds.load(file)


def test_seeds_do_not_show_in_a_log(seeds: Seeds) -> None:
    assert repr(seeds) == "Seeds()"


def test_canonical_json_is_sorted_compact_and_not_escaped() -> None:
    assert canonical({"b": 1, "a": {"é": "本", "A": None}}) == '{"a":{"A":null,"é":"本"},"b":1}'.encode()
