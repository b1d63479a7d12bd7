"""Somebody with a real device, who encrypts for the bot whatever a test wants to have encrypted."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

from nio import KeysClaimResponse, KeysQueryResponse

from paybridge.matrix.account import Account
from paybridge.matrix.crypto import Crypto

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OLM = "m.olm.v1.curve25519-aes-sha2"
MANY = 10**6
"""Messages of one room key: when there is a new one is for the test to say."""


class Friend:
    """One person with one device. Only its keys are stored, and none of that outlives the run."""

    def __init__(self, mxid: str, folder: Path) -> None:
        self.mxid = mxid
        self.device = f"DEVICE{secrets.token_hex(2).upper()}"
        self._crypto = Crypto(Account(mxid, self.device, secrets.token_hex(16)), folder)
        self._crypto.olm.store.database.execute_sql("PRAGMA synchronous = OFF")
        shared = self._crypto.olm.share_keys()
        self.device_keys: dict[str, Any] = shared["device_keys"]
        self.one_time_keys: dict[str, Any] = shared["one_time_keys"]
        self._bot = ("", "")
        self._bots_curve = self._bots_ed = ""

    def close(self) -> None:
        self._crypto.close()

    def meet(self, bot_keys: Mapping[str, Any], one_time_keys: Mapping[str, Any]) -> None:
        """Learn the bot's device and open a (new) session with one of its one-time keys."""
        mxid, device = bot_keys["user_id"], bot_keys["device_id"]
        self._bot = (mxid, device)
        self._bots_curve = bot_keys["keys"][f"curve25519:{device}"]
        self._bots_ed = bot_keys["keys"][f"ed25519:{device}"]
        self._crypto.olm.handle_response(KeysQueryResponse({mxid: {device: dict(bot_keys)}}, {}))
        self._crypto.olm.handle_response(KeysClaimResponse({mxid: {device: dict(one_time_keys)}}, {}))

    def new_room_key(self, room: str) -> dict[str, Any]:
        """Make a new room key; returns the message that hands it to the bot's device."""
        olm = self._crypto.olm
        olm.outbound_group_sessions.pop(room, None)
        mxid, device = self._bot
        ((_, message),) = olm.share_group_session_parallel(room, [mxid], ignore_unverified_devices=True)
        session: Any = olm.outbound_group_sessions[room]
        session.shared = True
        session.max_messages = MANY
        return self.to_device(message["messages"][mxid][device])

    def room_key(self, room: str) -> dict[str, Any]:
        """The content of the last room key's message, as it stood inside."""
        session = self._crypto.olm.outbound_group_sessions[room]
        return {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": room,
            "session_id": session.id,
            "session_key": session.session_key,
        }

    def encrypt(self, room: str, payload: bytes) -> dict[str, Any]:
        """The content of an `m.room.encrypted` event with exactly these bytes inside."""
        session = self._crypto.olm.outbound_group_sessions[room]
        return {
            "algorithm": "m.megolm.v1.aes-sha2",
            "sender_key": self._crypto.identity_keys["curve25519"],
            "ciphertext": session.encrypt(payload.decode()),
            "session_id": session.id,
            "device_id": self.device,
        }

    def payload(self, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """What stands inside an Olm message of a good client."""
        return {
            "sender": self.mxid,
            "sender_device": self.device,
            "keys": {"ed25519": self._crypto.identity_keys["ed25519"]},
            "recipient": self._bot[0],
            "recipient_keys": {"ed25519": self._bots_ed},
            "type": kind,
            "content": dict(content),
        }

    def encrypt_to_device(self, payload: bytes) -> dict[str, Any]:
        """An Olm message to the bot's device with exactly these bytes inside."""
        session: Any = self._crypto.olm.session_store.get(self._bots_curve)
        kind, sealed = session.encrypt(payload.decode()).to_parts()
        message = {"type": kind, "body": base64.b64encode(sealed).decode().rstrip("=")}
        return self.to_device(
            {
                "algorithm": OLM,
                "sender_key": self._crypto.identity_keys["curve25519"],
                "ciphertext": {self._bots_curve: message},
            }
        )

    def to_device(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "m.room.encrypted", "sender": self.mxid, "content": dict(content)}
