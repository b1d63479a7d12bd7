"""What people say in verifications, picked out of everything that comes down the sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from paybridge.matrix.crosssigning import canonical
from paybridge.matrix.verification import messages
from paybridge.matrix.verification.carrier import InRoom
from paybridge.matrix.verification.limits import Once
from paybridge.matrix.verification.messages import MalformedError

if TYPE_CHECKING:
    from paybridge.matrix.letters import Seal
    from paybridge.matrix.overhearing import Heard

MayVerify: TypeAlias = Callable[[str], bool]

MOST_WAITING = 200

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """One message, from whom, for which verification, and how it came."""

    sender: str
    transaction: str
    kind: str
    content: Mapping[str, Any]
    way: InRoom | None
    sent: int | None
    seal: Seal | None


class Incoming:
    """Waiting messages of those who may verify the bot. The sync never waits for them, and none ends it."""

    def __init__(self, me: str, may_verify: MayVerify) -> None:
        self._me = me
        self._may_verify = may_verify
        self._waiting: asyncio.Queue[News] = asyncio.Queue(MOST_WAITING)
        self._once = Once()
        self.dropped = 0
        self.listens = True
        """False while another process of the bot's answers."""

    @property
    def waiting(self) -> int:
        return self._waiting.qsize()

    async def next(self) -> News:
        return await self._waiting.get()

    def to_device(self, events: Iterable[object]) -> None:
        """Take the verification messages among those that came to the device."""
        for event in events:
            match event:
                case {"type": str(kind), "sender": str(sender), "content": dict(content)}:
                    if kind.startswith(messages.PREFIX):
                        self._sort(sender, kind, content, None)
                case _:
                    continue

    def in_room(self, heard: Heard, kind: str, content: Mapping[str, Any], seal: Seal | None) -> bool:
        """Take an event in a room, if it belongs to a verification."""
        if not messages.is_verification(kind, content):
            return False
        if kind == messages.MESSAGE:
            kind = messages.REQUEST
            if content.get("to") != self._me:
                return True
        elif kind == messages.REQUEST:
            return True
        self._sort(heard.sender, kind, content, heard, seal)
        return True

    def _sort(
        self,
        sender: str,
        kind: str,
        content: Mapping[str, Any],
        heard: Heard | None,
        seal: Seal | None = None,
    ) -> None:
        if not self.listens or sender == self._me or not self._may_verify(sender):
            return
        try:
            if heard is None:
                transaction = messages.transaction(content)
                way, mark = None, str((sender, kind, canonical(content)))
                sent = content.get("timestamp")
            else:
                is_request = kind == messages.REQUEST
                transaction = heard.event if is_request else messages.reference(content)
                way, mark, sent = InRoom(heard.room, seal is not None), heard.event, heard.sent
            if self._once.is_new(mark):
                sent = sent if isinstance(sent, int) else None
                self._waiting.put_nowait(News(sender, transaction, kind, content, way, sent, seal))
        except (MalformedError, ValueError, RecursionError, asyncio.QueueFull) as error:
            self.dropped += 1
            log.warning("verification_dropped", error=type(error).__name__, dropped=self.dropped)
