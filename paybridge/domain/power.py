"""Who may do what in a room: power levels, read from its state as the Matrix specification says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

MODERATOR: Final = 50
CREATOR: Final = 100
"""The creator's level while a room has no power levels event."""
EVERYTHING: Final = 2**53
"""More than any level that can be given: canonical JSON has no larger numbers."""

_FIRST_WITH_ALMIGHTY_CREATORS: Final = 12
_LEVEL_AS_TEXT: Final = re.compile(r"\s*([+-]?[0-9]{1,16})\s*", re.ASCII)
_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Powers:
    """The levels in one room. Of what cannot be read, people have less and events take more."""

    users: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    users_default: int = 0
    events: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    state_default: int = MODERATOR
    invite: int = 0
    almighty: frozenset[str] = frozenset()
    """Creators of a room of version 12 or later: theirs is more than any level."""

    def of(self, mxid: str) -> int:
        """The level of this person, `EVERYTHING` for an almighty creator."""
        if mxid in self.almighty:
            return EVERYTHING
        return self.users.get(mxid, self.users_default)

    def needed_to_send(self, event_type: str) -> int:
        """The level that it takes to send a state event of this type."""
        return self.events.get(event_type, self.state_default)


def read_powers(create: object, levels: object) -> Powers:
    """The powers in a room, from its `m.room.create` event and the content of its `m.room.power_levels`.

    `levels` None: there is no such event. Then the specification lets everybody set state; here it still
    takes a moderator. Rooms before version 10 may write levels as text.
    """
    content = _part(create, "content")
    creators = _creators(create, content)
    if not isinstance(levels, Mapping):
        return Powers(users=dict.fromkeys(creators, CREATOR), almighty=_almighty(content, creators))
    users_default = _level(levels.get("users_default", 0), 0)
    state_default = _level(levels.get("state_default", MODERATOR), EVERYTHING)
    return Powers(
        users={who: _level(level, min(users_default, 0)) for who, level in _part(levels, "users").items()},
        users_default=users_default,
        events={event: _level(level, EVERYTHING) for event, level in _part(levels, "events").items()},
        state_default=state_default,
        invite=_level(levels.get("invite", 0), EVERYTHING),
        almighty=_almighty(content, creators),
    )


def _creators(create: object, content: Mapping[str, object]) -> frozenset[str]:
    """Whoever made the room: its sender, before version 11 also named in the content."""
    sender = create.get("sender") if isinstance(create, Mapping) else None
    creator = content.get("creator") if _version(content) <= _FIRST_WITH_ALMIGHTY_CREATORS - 2 else None
    named = sender if isinstance(sender, str) else creator
    return frozenset({named}) if isinstance(named, str) else frozenset()


def _almighty(content: Mapping[str, object], creators: frozenset[str]) -> frozenset[str]:
    if _version(content) < _FIRST_WITH_ALMIGHTY_CREATORS:
        return frozenset()
    more = content.get("additional_creators")
    named = (who for who in more if isinstance(who, str)) if isinstance(more, list) else ()
    return creators.union(named)


def _version(content: Mapping[str, object]) -> int:
    """The room's version; one that is no plain number counts as the first, in which nobody is almighty."""
    version = content.get("room_version")
    if isinstance(version, str) and re.fullmatch("[0-9]{1,4}", version, re.ASCII):
        return int(version)
    return 1


def _level(value: object, otherwise: int) -> int:
    found: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and (text := _LEVEL_AS_TEXT.fullmatch(value)):
        found = int(text[1])
    return found if found is not None and -EVERYTHING < found < EVERYTHING else otherwise


def _part(thing: object, name: str) -> Mapping[str, object]:
    found = thing.get(name) if isinstance(thing, Mapping) else None
    return found if isinstance(found, Mapping) else {}
