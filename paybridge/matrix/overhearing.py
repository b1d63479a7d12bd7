"""Events in rooms that are no commands but belong to something else, such as a verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from paybridge.matrix.letters import Seal


@dataclass(frozen=True, slots=True)
class Heard:
    """Which event in which room, whose the homeserver says that it is, and when (in milliseconds)."""

    room: str
    event: str
    sender: str
    sent: int


Overhears: TypeAlias = Callable[[Heard, str, Mapping[str, Any], Seal | None], bool]
"""Told an event's type and content, and its seal if it was encrypted; true if it was theirs, never raises."""

Overhear: TypeAlias = Callable[[str, Mapping[str, Any], Seal | None], bool]
"""The same for one event."""


def nobody(_heard: Heard, _kind: str, _content: Mapping[str, Any], _seal: Seal | None) -> bool:
    """Nobody else listens."""
    return False


def nobody_else(_kind: str, _content: Mapping[str, Any], _seal: Seal | None) -> bool:
    """Nobody else listens to this event."""
    return False


def either(first: Overhears, second: Overhears) -> Overhears:
    """Both listen; what is the first one's, the second is not told."""

    def overhears(heard: Heard, kind: str, content: Mapping[str, Any], seal: Seal | None) -> bool:
        return first(heard, kind, content, seal) or second(heard, kind, content, seal)

    return overhears
