"""What a sentence may hold: facts, kept exactly in JSON between deciding and telling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from paybridge.domain.money import Money
from paybridge.domain.month import Month


class NotFactsError(ValueError):
    """The text is not what `to_json` writes."""


@dataclass(frozen=True, slots=True)
class Who:
    """A person as others see them: the full Matrix id, which is proof, and a display name, which is not."""

    mxid: str
    name: str | None = None


Fact: TypeAlias = str | int | Money | Who | datetime | date | Month | tuple["Facts", ...] | None
Facts: TypeAlias = Mapping[str, Fact]

_COMPACT: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def to_json(facts: Facts) -> str:
    """Write facts compactly; `from_json` gives back exactly the same ones.

    Text, whole numbers and nothing are themselves; every other kind is a list that opens with its tag.
    Times keep their offset from UTC, not the name of their zone.
    """
    return _COMPACT.encode(_pack_all(facts))


def from_json(text: str) -> dict[str, Fact]:
    """Read what `to_json` wrote, or NotFactsError."""
    try:
        return _unpack_all(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotFactsError(str(error)) from error


def _pack_all(facts: Facts) -> dict[str, Any]:
    return {name: _pack(fact) for name, fact in facts.items()}


def _pack(fact: Fact) -> object:
    match fact:
        case None | str() | int():
            return fact
        case Money():
            return ["money", fact.minor, fact.currency]
        case Who():
            return ["who", fact.mxid, fact.name]
        case date():  # every datetime is a date too
            return ["time" if isinstance(fact, datetime) else "date", fact.isoformat()]
        case Month():
            return ["month", fact.year, fact.month]
        case tuple():
            return ["rows", *(_pack_all(row) for row in fact)]


def _unpack_all(packed: object) -> dict[str, Fact]:
    if not isinstance(packed, dict):
        raise NotFactsError("facts are an object")
    return {str(name): _unpack(value) for name, value in packed.items()}


def _unpack(packed: object) -> Fact:
    fact: Fact
    match packed:
        case None | str() | int():
            fact = packed
        case ["money", int(minor), str(currency)]:
            fact = Money(minor, currency)
        case ["who", str(mxid), None | str() as name]:
            fact = Who(mxid, name)
        case ["time", str(text)]:
            fact = datetime.fromisoformat(text)
        case ["date", str(text)]:
            fact = date.fromisoformat(text)
        case ["month", int(year), int(month)]:
            fact = Month(year, month)
        case ["rows", *rows]:
            fact = tuple(_unpack_all(row) for row in rows)
        case _:
            raise NotFactsError(f"no such kind of fact: {str(packed)[:40]!r}")
    return fact
