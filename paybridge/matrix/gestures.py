"""Redactions and reactions: in plain text even in encrypted rooms, so they may stop things and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.spoken import GestureKind
from paybridge.matrix.letters import Sign

if TYPE_CHECKING:
    from collections.abc import Callable

REDACTION: Final = "m.room.redaction"
REACTION: Final = "m.reaction"
LONGEST_ID: Final = 255
CROSSES: Final = frozenset({"\N{CROSS MARK}", "\N{NO ENTRY SIGN}", "no"})
PRESENTATION: Final = "\ufe0e\ufe0f"


def read(event: Mapping[str, Any]) -> Sign | None:
    """What the event does to another one, None if that is nothing to us; never raises."""
    content = event.get("content")
    reads = READERS.get(str(event.get("type")))
    if reads is None or not isinstance(content, Mapping):
        return None
    return reads(event, content)


def _redaction(event: Mapping[str, Any], content: Mapping[str, Any]) -> Sign | None:
    # In the content from room version 11 on, beside it before.
    return _sign(GestureKind.TAKEN_BACK, content.get("redacts", event.get("redacts")))


def _reaction(_event: Mapping[str, Any], content: Mapping[str, Any]) -> Sign | None:
    relation = content.get("m.relates_to")
    if not isinstance(relation, Mapping) or relation.get("rel_type") != "m.annotation":
        return None
    key = relation.get("key")
    if not isinstance(key, str) or key.strip(PRESENTATION).casefold() not in CROSSES:
        return None
    return _sign(GestureKind.CROSSED_OUT, relation.get("event_id"))


def _sign(kind: GestureKind, target: object) -> Sign | None:
    if not isinstance(target, str) or not target.startswith("$") or len(target) > LONGEST_ID:
        return None
    return Sign(kind, target) if target.isprintable() else None


READERS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Sign | None]]] = {
    REDACTION: _redaction,
    REACTION: _reaction,
}
