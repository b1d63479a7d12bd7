"""Takes what the bot says in a verification to the other side: to one device, or into a room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from paybridge.matrix.backoff import Backoff
from paybridge.matrix.wire import NotNowError

if TYPE_CHECKING:
    from paybridge.matrix.verification.sas import Side
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Chance

T = TypeVar("T")
TRIES = 4

SendEncrypted: TypeAlias = Callable[[str, str, dict[str, Any], str], Awaitable[str]]
"""Sends to a room, encrypted: room, type, content, transaction id."""


@dataclass(frozen=True, slots=True)
class InRoom:
    """In this room; encrypted as the request was.

    Some clients write their verifications in plain text even into encrypted rooms. The codes do not rely on
    being secret.
    """

    room: str
    encrypted: bool


class Carrier:
    """The two ways."""

    def __init__(self, wire: Wire, send_encrypted: SendEncrypted, chance: Chance) -> None:
        self._wire = wire
        self._send_encrypted = send_encrypted
        self._chance = chance

    async def send(
        self, to: Side, way: InRoom | None, transaction: str, kind: str, content: Mapping[str, Any]
    ) -> None:
        """Send one message; `way` is None for one that goes to the device itself."""
        once = self._chance.token()
        if way is None:
            message = {**content, "transaction_id": transaction}
            body = {"messages": {to.mxid: {to.device: message}}}
            await patiently(lambda: self._wire.put("sendToDevice", kind, once, body=body), self._chance)
            return
        room = way.room
        said = {**content, "m.relates_to": {"rel_type": "m.reference", "event_id": transaction}}
        if way.encrypted:
            await patiently(lambda: self._send_encrypted(room, kind, said, once), self._chance)
        else:
            path = ("rooms", room, "send", kind, once)
            await patiently(lambda: self._wire.put(*path, body=said), self._chance)


async def patiently(ask: Callable[[], Awaitable[T]], chance: Chance) -> T:
    """Ask a few times, for a second or two: a verification is no reason to wait for long."""
    backoff = Backoff(chance)
    while True:
        try:
            return await ask()
        except NotNowError as error:
            pause = backoff.seconds()
            if backoff.failures >= TRIES or error.after is not None:
                raise
            await asyncio.sleep(pause)
