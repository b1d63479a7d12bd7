"""What a person sees of a room: its messages, with edits in their place, as a chat client would show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """One message as it looks now; one that could not be read has an empty body and says why in `failure`."""

    event_id: str
    room_id: str
    sender: str
    body: str
    formatted_body: str | None
    content: Mapping[str, Any] = field(repr=False)
    edited: int = 0
    encrypted: bool = False
    redacted: bool = False
    failure: str | None = None
    shield: str | None = None
    """What an Element-like client warns about beside the message; a `Person` sees no shields."""

    @property
    def readable(self) -> bool:
        return self.failure is None


class Timeline:
    """The messages of one room in the order in which they came, and every event behind them."""

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        self.raw: list[Event] = []
        self._messages: dict[str, Seen] = {}
        self._edits_before_their_message: dict[str, list[tuple[Event, bool]]] = {}
        self._event_ids: set[str] = set()

    def messages(self) -> list[Seen]:
        return list(self._messages.values())

    def knows(self, event_id: str) -> bool:
        return event_id in self._event_ids

    def sender_of(self, event_id: str) -> str | None:
        message = self._messages.get(event_id)
        return message.sender if message is not None else None

    def add(
        self, event: Event, *, encrypted: bool = False, failure: str | None = None, shield: str | None = None
    ) -> None:
        """Take in an event; one that comes again, readable by now, takes the place of its first form."""
        event_id = str(event.get("event_id", ""))
        first = self._messages.get(event_id)
        if self.knows(event_id) and (first is None or first.readable or failure is not None):
            return
        self._event_ids.add(event_id)
        self.raw.append(event)
        content = _mapping(event.get("content"))
        relation = _mapping(content.get("m.relates_to"))
        if failure is None and event.get("type") == "m.room.redaction":
            self._redact(str(event.get("redacts") or content.get("redacts")))
        elif failure is None and event.get("type") != "m.room.message":
            self._messages.pop(event_id, None)
        elif failure is None and relation.get("rel_type") == "m.replace":
            self._messages.pop(event_id, None)
            self._edit(str(relation.get("event_id")), event, encrypted=encrypted)
        else:
            self._messages[event_id] = Seen(
                event_id=event_id,
                room_id=self.room_id,
                sender=str(event.get("sender", "")),
                encrypted=encrypted,
                failure=failure,
                shield=shield,
                **_words(content if failure is None else {}),
            )
            if failure is None:
                for edit, edit_encrypted in self._edits_before_their_message.pop(event_id, []):
                    self._edit(event_id, edit, encrypted=edit_encrypted)

    def _edit(self, target: str, event: Event, *, encrypted: bool) -> None:
        message = self._messages.get(target)
        if message is None or not message.readable:
            self._edits_before_their_message.setdefault(target, []).append((event, encrypted))
        elif message.sender == event.get("sender") and not message.redacted:
            new = _mapping(event["content"].get("m.new_content"))
            self._messages[target] = replace(
                message,
                edited=message.edited + 1,
                encrypted=message.encrypted and encrypted,
                **_words(new),
            )

    def _redact(self, target: str) -> None:
        message = self._messages.get(target)
        if message is not None:
            self._messages[target] = replace(message, redacted=True, **_words({}))


def _words(content: Mapping[str, Any]) -> dict[str, Any]:
    body, formatted = content.get("body"), content.get("formatted_body")
    return {
        "body": body if isinstance(body, str) else "",
        "formatted_body": formatted if isinstance(formatted, str) else None,
        "content": content,
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
