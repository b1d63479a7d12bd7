"""Puts the verification side together for one device of the bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodozemac import Sas

from paybridge.matrix.crosssigning import Seeds, public
from paybridge.matrix.verification.carrier import Carrier, SendEncrypted
from paybridge.matrix.verification.sas import Side
from paybridge.matrix.verification.terminal import Fingerprints, Terminal
from paybridge.matrix.verification.verifier import Tell, Verifier
from paybridge.matrix.verification.vouching import Vouching

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.facts import Facts
    from paybridge.matrix.crypto import Crypto
    from paybridge.matrix.verification.incoming import Incoming
    from paybridge.matrix.verification.verifier import KnowsDevices, ProvesSenders
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Chance, Clock, Mailbox


@dataclass(frozen=True, slots=True)
class Around:
    """What a verification needs of the rest of the Matrix side."""

    wire: Wire
    mailbox: Mailbox
    clock: Clock
    chance: Chance
    tell: Tell
    data_dir: Path


async def nobody_told(_mxid: str, _key: str, _facts: Facts) -> None:
    """Without anyone to find the words, the person's own client has to do."""


def open_verification(
    crypto: Crypto,
    seeds: Seeds,
    around: Around,
    *,
    incoming: Incoming,
    devices: KnowsDevices,
    senders: ProvesSenders,
    send_encrypted: SendEncrypted,
) -> tuple[Verifier, Terminal]:
    """The verifier, and the terminal by which the operator has a say in it."""
    key, master = crypto.identity_keys["ed25519"], public(seeds.master)
    me, device = crypto.user_id, crypto.device_id
    verifier = Verifier(
        us=Side(me, device),
        keys={f"ed25519:{device}": key, f"ed25519:{master}": master},
        incoming=incoming,
        carrier=Carrier(around.wire, send_encrypted, around.chance),
        devices=devices,
        senders=senders,
        vouching=Vouching(around.wire, around.mailbox, seeds, me),
        clock=around.clock,
        chance=around.chance,
        tell=around.tell,
        new_sas=Sas,
    )
    return verifier, Terminal(around.data_dir, verifier, Fingerprints(me, device, key, master))
