"""Making valid events strange: pieces missing, swapped, nested, huge, cut, flipped or of another type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from random import Random

Json: TypeAlias = Any
Place: TypeAlias = tuple[Any, Any]
"""A list or object, and the index or name of one thing in it."""

MOST_CHANGES: Final = 4
BY_HAND: Final = {
    "%huge number%": b"1" + b"0" * 5_000,
    "%tiny number%": b"-1e-999",
    "%infinite%": b"1e999",
    "%not a number%": b"NaN",
    "%deep lists%": b"[" * 3_000 + b"]" * 3_000,
    "%deep objects%": b'{"a":' * 1_200 + b"1" + b"}" * 1_200,
    "%same name twice%": b'{"type":"m.room.message","type":5,"body":"!a","body":[]}',
}
"""What no encoder writes, put in place of these words."""

ODD_TEXTS: Final = (
    *("", " ", "\x00", "\n", "!", "/", "\uff01", "!help", "a" * 300, "\u202e!yap", "\ud800", "x\udfffy"),
    *("\U0001f4b6" * 40, "e" + "\u0301" * 500, "\u200b!pay", "\u2028!pay\u2029", "\ufeff", "\u0660\u0661"),
    *("@", "@:", "@a:b", "!:", "$", "#", "m.room.message", "m.room.encrypted", "m.megolm.v1.aes-sha2"),
    *("AAAA", "====", "A" * 43, "\u00df" * 43, "../../..", "%s%n", "{}", "[]", "null", "<a href='x'>" * 30),
)
ODD_VALUES: Final[Sequence[Json]] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**63, -(2**63), 2**64, 10**30, 0.5, -0.0, 1e308),
    *([], {}, [[]], [{}], {"": ""}, [None], 5, "x"),
    *BY_HAND,
)


def encoded(value: Json) -> bytes:
    """The value as JSON, with what was put in by hand."""
    text = json.dumps(value).encode()
    if b'"%' in text:
        for words, raw in BY_HAND.items():
            text = text.replace(f'"{words}"'.encode(), raw)
    return text


@dataclass
class Mutator:
    """Changes JSON values in places that a seed decides; `junk` is what it may put there."""

    chance: Random
    junk: Sequence[Json]

    def mutated(self, value: Json) -> Json:
        """A changed copy."""
        changed = {"": _copy(value)}
        for _ in range(self.chance.randint(1, MOST_CHANGES)):
            places = _places(changed)
            if not places:
                break
            self._change(*self.chance.choice(places), others=places)
        return changed.get("")

    def strange(self) -> Json:
        """Any value at all."""
        return _copy(self.chance.choice(self.chance.choice((ODD_VALUES, ODD_TEXTS, self.junk))))

    def _change(self, inside: Any, name: Any, *, others: Sequence[Place]) -> None:  # noqa: ANN401 - a list or object
        if name not in inside if isinstance(inside, dict) else name >= len(inside):
            return  # an earlier change took it away
        value = inside[name]
        how = self.chance.random()
        if how < 0.12:
            del inside[name]
        elif how < 0.22:
            other, where = self.chance.choice(others)
            inside[name] = _copy(other[where]) if _is_in(other, where) else None
        elif how < 0.30 and isinstance(inside, dict):
            inside[self.chance.choice(ODD_TEXTS)] = inside.pop(name)
        elif how < 0.38:
            inside[name] = self._wrapped(value)
        elif how < 0.44 and isinstance(inside, list):
            inside[name:name] = [_copy(value) for _ in range(self.chance.choice((1, 3, 40)))]
        elif isinstance(value, str) and how < 0.85:
            inside[name] = self._odd_text(value)
        elif isinstance(value, dict) and how < 0.6:
            value[self.chance.choice(("state_key", "room_id", "sender", "", "type"))] = self.strange()
        else:
            inside[name] = self.strange()

    def _wrapped(self, value: Json) -> Json:
        depth = self.chance.choice((1, 2, 20, 150))
        for _ in range(depth):
            value = [value] if self.chance.random() < 0.5 else {"content": value}
        return value

    def _odd_text(self, text: str) -> str:  # noqa: PLR0911 - one line a way
        at = self.chance.randrange(len(text) + 1)
        match self.chance.randrange(7):
            case 0:
                return text[:at]
            case 1:
                return text[at:]
            case 2 if text:
                at = min(at, len(text) - 1)
                return text[:at] + chr(ord(text[at]) ^ (1 << self.chance.randrange(7))) + text[at + 1 :]
            case 3:
                return text[:at] + self.chance.choice(ODD_TEXTS) + text[at:]
            case 4:
                return text * self.chance.choice((2, 2, 10, 1_000 if len(text) < 100 else 3))
            case 5:
                return text.swapcase()
            case _:
                return self.chance.choice(ODD_TEXTS)


def _places(inside: Json) -> Sequence[Place]:
    found: list[Place] = []
    waiting = [inside]
    while waiting:
        thing = waiting.pop()
        names = list(thing) if isinstance(thing, dict) else range(min(len(thing), 50))
        for name in names:
            found.append((thing, name))
            if isinstance(thing[name], dict | list):
                waiting.append(thing[name])
    return found


def _is_in(inside: Any, name: Any) -> bool:  # noqa: ANN401 - a list or object
    return name in inside if isinstance(inside, dict) else name < len(inside)


def _copy(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: _copy(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(inner) for inner in value]
    return value
