"""A sealed value opens where it was sealed, with its key, and nowhere else."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paybridge.services import ports
from paybridge.vault import MasterKey, Vault, WrongMasterKeyError, found_vault, open_vault

MASTER = MasterKey(bytes(range(32)))
OTHER = MasterKey(bytes(range(1, 33)))


@pytest.fixture
def vault() -> ports.Vault:
    return found_vault(MASTER)[0]


@given(plain=st.binary(max_size=2000), context=st.text(max_size=50))
def test_what_is_sealed_opens_again(plain: bytes, context: str) -> None:
    vault, _ = found_vault(MASTER)
    key = vault.new_key()

    assert vault.open(key, context, vault.seal(key, context, plain)) == plain


def test_a_sealed_value_is_bound_to_its_place(vault: ports.Vault) -> None:
    key = vault.new_key()
    sealed = vault.seal(key, "transfer|anna|note", b"pizza")

    with pytest.raises(ports.SealBrokenError):
        vault.open(key, "transfer|bob|note", sealed)


def test_a_sealed_value_is_bound_to_its_key(vault: ports.Vault) -> None:
    sealed = vault.seal(vault.new_key(), "note", b"pizza")

    with pytest.raises(ports.SealBrokenError):
        vault.open(vault.new_key(), "note", sealed)


def test_every_changed_bit_of_a_sealed_value_is_noticed(vault: ports.Vault) -> None:
    sealed = vault.seal(vault.system, "note", b"pizza")

    for place in range(len(sealed)):
        changed = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        with pytest.raises(ports.SealBrokenError):
            vault.open(vault.system, "note", changed)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 28, b"\x02" * 60])
def test_what_was_never_sealed_is_refused(vault: ports.Vault, sealed: bytes) -> None:
    with pytest.raises(ports.SealBrokenError):
        vault.open(vault.system, "note", sealed)


def test_every_changed_bit_of_a_wrapped_key_is_noticed(vault: ports.Vault) -> None:
    key = vault.new_key()

    for place in range(len(key)):
        changed = bytes([*key[:place], key[place] ^ 1, *key[place + 1 :]])
        with pytest.raises(ports.SealBrokenError):
            vault.seal(changed, "note", b"pizza")


def test_a_destroyed_key_opens_nothing(vault: ports.Vault) -> None:
    sealed = vault.seal(vault.new_key(), "note", b"pizza")

    with pytest.raises(ports.SealBrokenError):
        vault.open(b"", "note", sealed)


def test_the_same_words_are_never_sealed_the_same(vault: ports.Vault) -> None:
    assert vault.seal(vault.system, "note", b"pizza") != vault.seal(vault.system, "note", b"pizza")


def test_a_key_wrapped_anew_opens_what_it_sealed_before() -> None:
    vault, _ = found_vault(MASTER)
    key = vault.new_key()
    sealed = vault.seal(key, "note", b"pizza")
    moved = Vault(OTHER, vault.rewrap(vault.system, OTHER))

    assert moved.open(vault.rewrap(key, OTHER), "note", sealed) == b"pizza"
    with pytest.raises(ports.SealBrokenError):
        moved.open(key, "note", sealed)


def test_a_fingerprint_is_the_same_for_the_same_purpose_and_installation_only() -> None:
    vault, check = found_vault(MASTER)
    stranger, _ = found_vault(MASTER)
    again = open_vault(MASTER, check)
    iban = b"DE89370400440532013000"

    assert len(vault.fingerprint("link", iban)) == 32
    assert hmac.compare_digest(vault.fingerprint("link", iban), again.fingerprint("link", iban))
    assert vault.fingerprint("link", iban) != vault.fingerprint("payee", iban)
    assert vault.fingerprint("link", iban) != stranger.fingerprint("link", iban)
    assert vault.fingerprint("link", iban) != vault.fingerprint("link", iban[:-1])


def test_a_fingerprint_outlives_a_change_of_the_master_key() -> None:
    vault, _ = found_vault(MASTER)
    moved = Vault(OTHER, vault.rewrap(vault.system, OTHER))

    assert moved.fingerprint("link", b"iban") == vault.fingerprint("link", b"iban")


def test_the_check_value_knows_its_master_key() -> None:
    vault, check = found_vault(MASTER)
    sealed = vault.seal(vault.system, "note", b"pizza")

    assert open_vault(MASTER, check).open(vault.system, "note", sealed) == b"pizza"
    for wrong in (OTHER, MasterKey(bytes(32))):
        with pytest.raises(WrongMasterKeyError, match="not the master key"):
            open_vault(wrong, check)


@pytest.mark.parametrize("check", [b"", b"\x01" * 69, bytes(200)])
def test_a_broken_check_value_opens_no_vault(check: bytes) -> None:
    with pytest.raises(WrongMasterKeyError):
        open_vault(MASTER, check)


def test_nothing_that_can_be_printed_shows_a_key() -> None:
    secret = "c0ffee" + "ab" * 29
    master = MasterKey.read(secret)
    vault, _ = found_vault(master)
    shown = f"{master!r} {master} {vault!r} {vault} {vars(vault)!r}"

    assert secret not in shown
    assert repr(master.reveal()) not in shown
