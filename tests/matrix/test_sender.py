"""The proof of a sender: which device, whose device, vouched for by whom, and each message only once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust
from paybridge.domain.spoken import Trouble
from paybridge.matrix.devices import Household
from paybridge.matrix.letters import Seal
from paybridge.matrix.sender import Proven, Senders
from paybridge.services.pinning import Pins
from tests.fakes.database import StoodClock, open_book
from tests.fakes.house import QuietBell, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.storage.database import Database
    from paybridge.vault import Vault

ALICE = "@alice:hs"
PHONE = ("curve-phone", "ed-phone")
LAPTOP = ("curve-laptop", "ed-laptop")
SIGNED = Household({"PHONE": PHONE, "LAPTOP": LAPTOP}, "master-1", frozenset({"PHONE"}))
SEAL = Seal(*("curve-phone", "session", 7, "ed-phone", "PHONE"), forwarded=False)
TOFU = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")
NOT_THEIRS = Proven(HomeserverOnly(), Trouble.NOT_THE_SENDERS_DEVICE)


class TheirDevices:
    """The device lists of people, as a test sets them."""

    def __init__(self) -> None:
        self.households: dict[str, Household] = {ALICE: SIGNED}

    async def of(self, mxid: str) -> Household:
        return self.households.get(mxid, Household({}, None, frozenset()))


@pytest.fixture
def devices() -> TheirDevices:
    return TheirDevices()


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[tuple[Database, Vault]]:
    _, _, vault, database = await open_book(tmp_path)
    yield database, vault
    await database.close()


@pytest.fixture
def senders(devices: TheirDevices, books: tuple[Database, Vault]) -> Senders:
    return started(devices, *books)


def started(devices: TheirDevices, database: Database, vault: Vault) -> Senders:
    bell = QuietBell()
    pins = Pins(database.book, vault, StoodClock(), settings(), bell, bell)
    return Senders(devices, database.mailbox, pins)


async def test_a_signed_device_of_the_sender_is_trusted_at_first_use(senders: Senders) -> None:
    assert await senders.prove("$1", ALICE, SEAL) == Proven(TOFU)


async def test_a_device_under_a_master_key_that_the_operator_found_right_is_verified(
    senders: Senders, books: tuple[Database, Vault], devices: TheirDevices
) -> None:
    await books[0].mailbox.remember("verified:" + ALICE, "master-1")
    verified = await senders.prove("$1", ALICE, SEAL)
    devices.households[ALICE] = replace(SIGNED, master="master-2")
    changed = await senders.prove("$2", ALICE, replace(SEAL, index=8))

    assert verified == Proven(OwnDevice(Trust.CROSS_SIGNED_VERIFIED, "PHONE"))
    assert changed.trouble is Trouble.MASTER_KEY_CHANGED


async def test_a_device_that_its_owner_did_not_sign_is_unverified(senders: Senders) -> None:
    seal = replace(SEAL, sender_key=LAPTOP[0], ed25519=LAPTOP[1], device="LAPTOP")

    assert await senders.prove("$1", ALICE, seal) == Proven(OwnDevice(Trust.UNVERIFIED, "LAPTOP"))


async def test_a_rewritten_sender_is_not_the_owner_of_the_device(senders: Senders) -> None:
    assert await senders.prove("$1", "@bob:hs", SEAL) == NOT_THEIRS


@pytest.mark.parametrize(
    "seal",
    [
        replace(SEAL, forwarded=True),
        replace(SEAL, device="LAPTOP"),
        replace(SEAL, ed25519="ed-laptop"),
        replace(SEAL, sender_key="curve-unknown"),
    ],
    ids=["forwarded key", "another device id", "another signing key", "unknown key"],
)
async def test_a_room_key_of_nobody_in_particular_proves_nothing(senders: Senders, seal: Seal) -> None:
    assert await senders.prove("$1", ALICE, seal) == NOT_THEIRS
    assert not await senders.owns(ALICE, seal)


async def test_an_envelope_without_a_device_id_is_proven_by_its_keys(senders: Senders) -> None:
    assert await senders.prove("$1", ALICE, replace(SEAL, device=None)) == Proven(TOFU)


async def test_the_same_message_in_another_event_is_a_replay(
    senders: Senders, devices: TheirDevices, books: tuple[Database, Vault]
) -> None:
    await senders.prove("$1", ALICE, SEAL)

    again = await senders.prove("$1", ALICE, SEAL)
    replayed = await started(devices, *books).prove("$2", ALICE, SEAL)
    following = await senders.prove("$3", ALICE, replace(SEAL, index=8))

    assert again == following == Proven(TOFU)
    assert replayed == Proven(TOFU, Trouble.REPLAYED)


@pytest.mark.parametrize("master", ["master-2", None])
async def test_another_master_key_than_the_first_one_is_in_trouble(
    senders: Senders, devices: TheirDevices, master: str | None
) -> None:
    await senders.prove("$1", ALICE, SEAL)
    devices.households[ALICE] = replace(SIGNED, master=master)

    changed = await senders.prove("$2", ALICE, replace(SEAL, index=8))
    plain = await senders.prove_unsealed(ALICE, encrypted_room=False)

    trust = Trust.CROSS_SIGNED_UNTRUSTED if master else Trust.UNVERIFIED
    assert changed == Proven(OwnDevice(trust, "PHONE"), Trouble.MASTER_KEY_CHANGED)
    assert plain == Proven(HomeserverOnly(), Trouble.MASTER_KEY_CHANGED)


async def test_plain_text_is_in_trouble_only_where_there_is_encryption(senders: Senders) -> None:
    encrypted = await senders.prove_unsealed(ALICE, encrypted_room=True)

    assert encrypted == Proven(HomeserverOnly(), Trouble.PLAINTEXT_IN_ENCRYPTED)
    assert await senders.prove_unsealed(ALICE, encrypted_room=False) == Proven(HomeserverOnly())


async def test_the_first_master_key_is_trusted_again(senders: Senders, devices: TheirDevices) -> None:
    await senders.prove("$1", ALICE, SEAL)
    devices.households[ALICE] = replace(SIGNED, master="master-2")
    await senders.prove("$2", ALICE, replace(SEAL, index=8))
    devices.households[ALICE] = SIGNED

    assert await senders.prove("$3", ALICE, replace(SEAL, index=9)) == Proven(TOFU)


def test_only_signed_devices_of_a_person_with_an_identity_get_keys() -> None:
    assert SIGNED.trusted == {"PHONE"}
    assert replace(SIGNED, master=None, signed=frozenset()).trusted == {"PHONE", "LAPTOP"}
