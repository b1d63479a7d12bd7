"""Trust that the operator gives: remembered here, and signed for with the bot's user-signing key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from paybridge.matrix.crosssigning import BrokenChainError, Seeds, public_key, sign
from paybridge.matrix.sender import VERIFIED
from paybridge.matrix.wire import NotNowError, RefusedError

if TYPE_CHECKING:
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Mailbox

log = structlog.stdlib.get_logger(__name__)


class Vouching:
    """Remembers whose master key was found right by a person who looked."""

    def __init__(self, wire: Wire, mailbox: Mailbox, seeds: Seeds, me: str) -> None:
        self._wire = wire
        self._mailbox = mailbox
        self._seeds = seeds
        self._me = me

    async def vouch(self, mxid: str, master: str) -> None:
        """Hold this master key for this person's, more surely than by having met it first."""
        await self._mailbox.remember(VERIFIED + mxid, master)
        log.info("verified", person=mxid, master=master)
        try:
            await self._sign(mxid, master)
        except (NotNowError, RefusedError, BrokenChainError) as error:
            # Only for the bot's other sessions: this one goes by what it remembers.
            log.warning("verified_but_not_signed", person=mxid, why=str(error))

    async def _sign(self, mxid: str, master: str) -> None:
        answer = await self._wire.post("keys", "query", body={"device_keys": {mxid: []}})
        keys = answer.get("master_keys")
        described = keys.get(mxid) if isinstance(keys, Mapping) else None
        if not isinstance(described, Mapping) or public_key(described, "master", mxid) != master:
            raise BrokenChainError(mxid, "the homeserver shows another master key")
        # The signatures that are there stay there; a server takes no more than is new.
        unsigned = {
            name: value for name, value in described.items() if name not in {"signatures", "unsigned"}
        }
        signed = sign(unsigned, user_id=self._me, seed=self._seeds.user_signing)
        told = await self._wire.post("keys", "signatures", "upload", body={mxid: {master: signed}})
        if told.get("failures"):
            raise BrokenChainError(mxid, "the homeserver refuses the signature")
