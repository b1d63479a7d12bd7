"""When a bridge did not pass on what the bot said: whoever it was for is told in Matrix, once a day."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from paybridge.domain.facts import Fact, Facts
from paybridge.matrix.backoff import Backoff
from paybridge.matrix.contents import PAYMENT
from paybridge.matrix.wire import NotNowError, RefusedError
from paybridge.services.ports import BookUnavailableError

if TYPE_CHECKING:
    from paybridge.domain.bridges import Bridges
    from paybridge.matrix.letters import Seal
    from paybridge.matrix.overhearing import Heard
    from paybridge.services.ports import Chance, Mailbox

Tell = Callable[[str, str, Facts], Awaitable[None]]

SAID: Final = "reply.not_passed_on"
STATUS: Final = "com.beeper.message_send_status"
MESSAGE: Final = "m.room.message"
FAILED: Final = "FAIL_"
NOTICE: Final = re.compile(r"\bnot\b.{0,12}\b(bridged|delivered|relayed|sent)\b", re.IGNORECASE)
"""As bridges word it where their notice names no message: "Your message was not bridged"."""
MOST_WAITING: Final = 100
DAY_MILLISECONDS: Final = 86_400_000

log = structlog.stdlib.get_logger(__name__)


class Asks(Protocol):
    """Whoever can ask the homeserver."""

    async def get(self, *path: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a bridge's bot said in which room, and about which message if it named one."""

    room: str
    event: str
    sent: int
    network: str
    about: str | None


class Unheard:
    """Picks the complaints of bridges out of the sync, and answers none: two programs would never end."""

    def __init__(
        self, wire: Asks, mailbox: Mailbox, bridges: Bridges, me: str, chance: Chance, tell: Tell
    ) -> None:
        self._wire = wire
        self._mailbox = mailbox
        self._bridges = bridges
        self._me = me
        self._chance = chance
        self._tell = tell
        self._waiting: asyncio.Queue[Complaint] = asyncio.Queue(MOST_WAITING)
        self.listens = True

    @property
    def waiting(self) -> int:
        return self._waiting.qsize()

    def in_room(self, heard: Heard, kind: str, content: Mapping[str, Any], _seal: Seal | None) -> bool:
        """Take what the bot of a bridge says; true if it was a complaint."""
        bridge = next((row for row in self._bridges.rows if row.bot == heard.sender), None)
        if bridge is None or not _complains(kind, content):
            return False
        if self.listens and not self._waiting.full():
            about = _named(content)
            self._waiting.put_nowait(Complaint(heard.room, heard.event, heard.sent, bridge.network, about))
        return True

    async def run(self) -> None:
        while True:
            complaint = await self._waiting.get()
            backoff = Backoff(self._chance)
            while True:
                try:
                    await self._follow(complaint)
                except (NotNowError, BookUnavailableError):
                    await asyncio.sleep(backoff.seconds())
                else:
                    break

    async def _follow(self, complaint: Complaint) -> None:
        """Tell whoever the message was for, if it was ours; what others say does not concern us."""
        if complaint.about is None:
            return
        try:
            ours = await self._wire.get("rooms", complaint.room, "event", complaint.about)
        except RefusedError:
            return
        content = ours.get("content")
        if ours.get("sender") != self._me or not isinstance(content, Mapping):
            return
        log.warning("not_passed_on", room=complaint.room, network=complaint.network)
        payment = content.get(PAYMENT)
        told = payment if isinstance(payment, Mapping) else {}
        person = told.get("payer") or await self._answered(complaint.room, content)
        if not isinstance(person, str) or self._is_beyond(person):
            return
        once = f"unheard:{complaint.room}|{person}|{complaint.sent // DAY_MILLISECONDS}"
        if await self._mailbox.first_seen(once, complaint.event):
            named: tuple[dict[str, Fact], ...] = ({"payment": str(told["id"])},) if "id" in told else ()
            await self._tell(person, SAID, {"network": complaint.network, "which": named})

    def _is_beyond(self, mxid: str) -> bool:
        return self._bridges.reach((mxid,)) or mxid == self._me

    async def _answered(self, room: str, content: Mapping[str, Any]) -> object:
        """Who typed what the message answers."""
        event = _named(content)
        if event is None:
            return None
        try:
            return (await self._wire.get("rooms", room, "event", event)).get("sender")
        except RefusedError:
            return None


def _complains(kind: str, content: Mapping[str, Any]) -> bool:
    if kind == STATUS:
        return str(content.get("status")).startswith(FAILED)
    body = content.get("body")
    is_notice = kind == MESSAGE and content.get("msgtype") == "m.notice"
    return is_notice and isinstance(body, str) and NOTICE.search(body[:500]) is not None


def _named(content: Mapping[str, Any]) -> str | None:
    """The message that a content answers or refers to."""
    relation = content.get("m.relates_to")
    if not isinstance(relation, Mapping):
        return None
    answered = relation.get("m.in_reply_to")
    event = answered.get("event_id") if isinstance(answered, Mapping) else relation.get("event_id")
    return event if isinstance(event, str) and event.startswith("$") else None
