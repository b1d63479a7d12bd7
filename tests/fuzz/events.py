"""Events as good clients and servers make them, each the start of a strange one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from paybridge.demo import words
from tests.fuzz.homeserver import ME, SAFE_ROOM
from tests.fuzz.mutations import encoded

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.friend import Friend
    from tests.fuzz.mutations import Json, Mutator

ROOMS = ("!one:hs", "!two:hs", "!three:hs", "!plain:hs")
STRANGER = "@mallory:elsewhere"
COMMANDS = ("!help", "!pay @bob:hs 5 EUR", "/balance", "\uff01balance", "PayBridge: help", "123456", "!yes")
CHAT = ("good morning", "who is coming to lunch?", "I'll pay you back", "> !pay\n\nno", "", "!", "7")
NEW_ROOM_KEY = 0.01
"""Good ones are kept for ever, so that they are rare."""

MUTATED = 0.85


@dataclass
class Maker:
    """Makes inputs: to-device and room events, most of them changed somewhere, inside or outside."""

    chance: Random
    mutator: Mutator
    alice: Friend
    numbers: count[int] = field(default_factory=count)
    rekeyed: list[Json] = field(default_factory=list)
    """Room keys that the bot must be given before what they opened makes sense."""

    def __post_init__(self) -> None:
        self.rekeyed += [self.alice.new_room_key(room) for room in ROOMS]

    # ------------------------------------------------------------ to the device

    def to_device(self) -> Json:
        """Something that is sent to the bot's device."""
        if self.rekeyed:
            return self.rekeyed.pop(0)
        if self.chance.random() < 0.05:
            return self.mutator.strange()
        event = self.chance.choice((self._olm, self._olm, self._olm_inside, self._other_to_device))()
        return self._perhaps_mutated(event)

    def _olm(self) -> Json:
        """A room key, in an Olm message that is sound at first."""
        room = self.chance.choice(ROOMS)
        if self.chance.random() < NEW_ROOM_KEY:
            self.rekeyed.append(self.alice.new_room_key(room))
        return self.alice.encrypt_to_device(
            encoded(self.alice.payload("m.room_key", self.alice.room_key(room)))
        )

    def _olm_inside(self) -> Json:
        """A sound Olm message with something strange in it."""
        room = self.chance.choice(ROOMS)
        content = self.chance.choice(
            (
                self.alice.room_key(room),
                {**self.alice.room_key(room), "forwarding_curve25519_key_chain": [], "sender_key": "A" * 43},
                {"request_id": "1", "secret": "c2VjcmV0"},
                {},
            )
        )
        kind = self.chance.choice(("m.room_key", "m.forwarded_room_key", "m.secret.send", "m.dummy", "m.x"))
        return self.alice.encrypt_to_device(
            encoded(self.mutator.mutated(self.alice.payload(kind, content)))
            if self.chance.random() < 0.8
            else encoded(self.mutator.strange())
        )

    def _other_to_device(self) -> Json:
        transaction = f"t{self.chance.randrange(20)}"
        kind, content = self.chance.choice(
            (
                ("m.room_key", self.alice.room_key(self.chance.choice(ROOMS))),
                ("m.room_key_request", {"action": "request", "requesting_device_id": "D", "request_id": "1",
                    "body": {"algorithm": "m.megolm.v1.aes-sha2", "room_id": ROOMS[0], "session_id": "S"}}),
                ("m.room_key.withheld", {"code": "m.unverified", "room_id": ROOMS[0], "session_id": "S"}),
                ("m.key.verification.request", {"from_device": "D", "methods": ["m.sas.v1"],
                    "timestamp": 1, "transaction_id": transaction}),
                ("m.key.verification.start", {"from_device": "D", "method": "m.sas.v1", "hashes": ["sha256"],
                    "key_agreement_protocols": ["curve25519-hkdf-sha256"], "transaction_id": transaction,
                    "message_authentication_codes": ["hkdf-hmac-sha256.v2"],
                    "short_authentication_string": ["emoji", "decimal"]}),
                ("m.key.verification.key", {"key": "A" * 43, "transaction_id": transaction}),
                ("m.key.verification.mac", {"keys": "A" * 43, "mac": {"a": "b"},
                    "transaction_id": transaction}),
                ("m.key.verification.cancel", {"code": "m.user", "transaction_id": transaction}),
                ("m.dummy", {}),
            )
        )  # fmt: skip
        return {"type": kind, "sender": self._sender(), "content": content}

    # ------------------------------------------------------------ in rooms

    def in_room(self, room: str) -> Json:
        """Something that is said or done in a room."""
        if self.chance.random() < 0.05:
            return self.mutator.strange()
        made = (self._encrypted, self._encrypted, self._encrypted_strangely, self._plain, self._state)
        return self._perhaps_mutated(self.chance.choice(made)(room if room != SAFE_ROOM else ROOMS[0]))

    def _encrypted(self, room: str) -> Json:
        inside = {"type": "m.room.message", "room_id": room, "content": self._content()}
        return self._event("m.room.encrypted", self.alice.encrypt(room, encoded(inside)), self.alice.mxid)

    def _encrypted_strangely(self, room: str) -> Json:
        inside = {"type": self._kind(), "room_id": room, "content": self._content()}
        payload = self.mutator.mutated(inside) if self.chance.random() < 0.8 else self.mutator.strange()
        cipher = self.alice.encrypt(room, encoded(payload))
        return self._event("m.room.encrypted", cipher, self._sender())

    def _plain(self, _room: str) -> Json:
        return self._event(self._kind(), self._content(), self._sender())

    def _kind(self) -> str:
        return self.chance.choice(("m.room.message", "m.room.message", "m.reaction", "m.room.redaction"))

    def _state(self, _room: str) -> Json:
        kind, key, content = self.chance.choice(
            (
                ("m.room.member", STRANGER, {"membership": "join", "displayname": "M"}),
                ("m.room.member", STRANGER, {"membership": "leave"}),
                ("m.room.encryption", "", {"algorithm": "m.megolm.v1.aes-sha2"}),
                ("m.room.power_levels", "", {"users": {STRANGER: 100}, "users_default": 0}),
                ("org.paybridge.policy", "", {"v": 1, "currency": "EUR"}),
            )
        )
        return {**self._event(kind, content, self._sender()), "state_key": key}

    def _content(self) -> dict[str, Any]:
        text = self.chance.choice((*COMMANDS, *CHAT, *CHAT))
        content = self.chance.choice(
            (
                words.plain(text),
                words.with_pill(f"{ME} {text}", ME, "PayBridge"),
                words.in_reply_to(words.plain(text), "$canary", self.alice.mxid),
                words.edit_of("$canary", words.plain(text)),
                {**words.plain(text), "m.relates_to": {"rel_type": "m.thread", "event_id": "$canary"}},
                {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$canary", "key": text}},
                {"msgtype": "m.key.verification.request", "to": ME, "from_device": "D", "body": text,
                    "methods": ["m.sas.v1"]},
            )
        )  # fmt: skip
        return dict(content)

    def _event(self, kind: str, content: Json, sender: str) -> dict[str, Any]:
        number = next(self.numbers)
        repeated = self.chance.random() < 0.02
        return {
            "type": kind,
            "event_id": f"${number - self.chance.randrange(50) if repeated else number}",
            "sender": sender,
            "origin_server_ts": 1_772_440_000_000 + number,
            "content": content,
            "unsigned": {"age": 5},
        }

    def _sender(self) -> str:
        return self.chance.choice((self.alice.mxid, STRANGER, STRANGER, ME))

    def _perhaps_mutated(self, event: Json) -> Json:
        return self.mutator.mutated(event) if self.chance.random() < MUTATED else event

    # ------------------------------------------------------------ whole answers

    def surroundings(self) -> dict[str, Any]:
        """What else a sync tells, as it may be at times."""
        parts: dict[str, Any] = {
            "device_lists": {"changed": [self.alice.mxid, STRANGER], "left": [STRANGER]},
            "device_one_time_keys_count": {"signed_curve25519": self.chance.choice((50, 50, 20, 0))},
            "device_unused_fallback_key_types": self.chance.choice((["signed_curve25519"], [])),
            "presence": {"events": []},
        }
        asked = {"type": "m.room.member", "state_key": ME, "sender": STRANGER}
        rooms: dict[str, Any] = {
            "invite": {f"!invite{self.chance.randrange(9)}:hs": {"invite_state": {"events": [asked]}}},
            "leave": {f"!left{self.chance.randrange(9)}:hs": {"timeline": {"events": []}}},
        }
        told = {name: part for name, part in parts.items() if self.chance.random() < 0.3}
        told["rooms"] = {name: part for name, part in rooms.items() if self.chance.random() < 0.1}
        strange = self.mutator.mutated(told) if self.chance.random() < 0.3 else told
        return strange if isinstance(strange, dict) else {}
