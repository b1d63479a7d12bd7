"""The proof of a sender: which device, whose device, vouched for by whom, and each message only once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.bridges import Bridge, Bridges, Tier
from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust, ViaBridgeBot
from paybridge.domain.spoken import Trouble
from paybridge.matrix.devices import Household
from paybridge.matrix.letters import Seal
from paybridge.matrix.marks import UNMARKED, Marks
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
NETTY, BRIDGEBOT = "@chat_17:hs", "@chatbot:hs"
BRIDGES = Bridges(
    (
        Bridge(
            *("chat", "Chat", re.compile(r"@chat_[0-9]+:hs"), BRIDGEBOT, Tier.ACCOUNT),
            double_puppets="chat-bridge",
            guild_names=True,
        ),
        Bridge(
            "shared", "Shared", re.compile(r"@shared:hs"), "@shared:hs", Tier.DENIED, double_puppets="shared"
        ),
    )
)
VIA_CHAT = ViaBridgeBot("chat")
NOT_THE_BRIDGES = Proven(HomeserverOnly(), Trouble.NOT_THE_BRIDGES_DEVICE)
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
    pins = Pins(database.book, vault, StoodClock(), replace(settings(), bridges=BRIDGES), bell, bell)
    return Senders(devices, database.mailbox, pins, BRIDGES)


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


# ---------------------------------------------------------------- through a bridge


async def test_a_ghost_is_vouched_for_by_the_signed_device_of_its_bridges_bot(
    senders: Senders, devices: TheirDevices
) -> None:
    devices.households[BRIDGEBOT] = SIGNED

    assert await senders.prove("$1", NETTY, SEAL) == Proven(VIA_CHAT)
    assert await senders.owns(NETTY, SEAL)


async def test_no_device_but_the_bots_encrypts_for_its_ghosts(
    senders: Senders, devices: TheirDevices
) -> None:
    devices.households[NETTY] = SIGNED
    devices.households[BRIDGEBOT] = Household(
        {"BOT": ("curve-bot", "ed-bot")}, "master-b", frozenset({"BOT"})
    )

    assert await senders.prove("$1", NETTY, SEAL) == NOT_THE_BRIDGES
    assert not await senders.owns(NETTY, SEAL)


async def test_a_bot_that_did_not_sign_its_device_vouches_for_nobody(
    senders: Senders, devices: TheirDevices
) -> None:
    devices.households[BRIDGEBOT] = replace(SIGNED, signed=frozenset())

    assert await senders.prove("$1", NETTY, SEAL) == NOT_THE_BRIDGES


async def test_a_bot_of_another_identity_than_at_first_vouches_for_nobody_and_is_told_nothing(
    senders: Senders, devices: TheirDevices, books: tuple[Database, Vault]
) -> None:
    devices.households[BRIDGEBOT] = SIGNED
    await senders.prove("$1", NETTY, SEAL)
    devices.households[BRIDGEBOT] = replace(SIGNED, master="master-2")

    assert await senders.prove("$2", NETTY, replace(SEAL, index=8)) == NOT_THE_BRIDGES
    assert await books[0].mailbox.posts(0, 10) == []


async def test_a_ghosts_message_counts_once_too(senders: Senders, devices: TheirDevices) -> None:
    devices.households[BRIDGEBOT] = SIGNED
    await senders.prove("$1", NETTY, SEAL)

    assert await senders.prove("$2", NETTY, SEAL) == Proven(VIA_CHAT, Trouble.REPLAYED)


async def test_a_ghost_needs_no_encryption_where_there_is_none(senders: Senders) -> None:
    encrypted = await senders.prove_unsealed(NETTY, encrypted_room=True)

    assert await senders.prove_unsealed(NETTY, encrypted_room=False) == Proven(VIA_CHAT)
    assert encrypted == Proven(HomeserverOnly(), Trouble.PLAINTEXT_IN_ENCRYPTED)


async def test_whoever_is_in_no_row_is_an_ordinary_person(senders: Senders) -> None:
    for stranger in ("@chat_17:elsewhere", "@chat_x:hs", "@irc_ann:hs"):
        assert await senders.prove_unsealed(stranger, encrypted_room=False) == Proven(HomeserverOnly())


OWN_NAME = Marks(profile="4711_17")


@pytest.mark.parametrize(
    ("sender", "marks"),
    [
        (ALICE, Marks(profile="anyone")),
        (ALICE, Marks(profile="")),
        (ALICE, OWN_NAME),
        (NETTY, Marks(profile="anyone")),
        (NETTY, Marks(profile="4711_18")),
        (NETTY, Marks(profile="x_17")),
        (NETTY, replace(OWN_NAME, webhook=True)),
    ],
)
async def test_whoever_is_shown_as_somebody_else_authorises_nothing(
    senders: Senders, devices: TheirDevices, sender: str, marks: Marks
) -> None:
    devices.households[BRIDGEBOT] = SIGNED
    shared = Proven(HomeserverOnly(), Trouble.SHARED_SENDER)

    assert await senders.prove_unsealed(sender, marks, encrypted_room=False) == shared
    assert await senders.prove("$1", sender, SEAL, marks) == shared


async def test_the_name_that_a_ghost_has_in_a_guild_is_its_own(senders: Senders) -> None:
    assert await senders.prove_unsealed(NETTY, OWN_NAME, encrypted_room=False) == Proven(VIA_CHAT)


async def test_what_a_bridge_sends_under_a_persons_id_has_the_bridges_proof_and_not_the_persons(
    senders: Senders, devices: TheirDevices
) -> None:
    puppet = Marks(puppet="chat-bridge")
    own_device = await senders.prove("$1", ALICE, SEAL, puppet)
    devices.households[ALICE], devices.households[BRIDGEBOT] = Household({}, None, frozenset()), SIGNED

    assert own_device == NOT_THE_BRIDGES
    assert await senders.prove("$2", ALICE, SEAL, puppet) == Proven(ViaBridgeBot("chat", puppet=True))
    assert await senders.prove("$3", ALICE, replace(SEAL, index=8), UNMARKED) == NOT_THEIRS


@pytest.mark.parametrize("source", ["another-bridge", "shared", ""])
async def test_a_bridge_in_no_row_speaks_for_nobody(senders: Senders, source: str) -> None:
    proven = await senders.prove("$1", ALICE, SEAL, Marks(puppet=source))

    assert proven == Proven(HomeserverOnly(), Trouble.UNKNOWN_BRIDGE)
