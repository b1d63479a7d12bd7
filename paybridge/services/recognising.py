"""What people mean to link: the rail and the number that they type, by its shape where they name no rail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from paybridge.services.rail import Capabilities

LONGEST: Final = 200
"""Letters of a number that are looked at."""


@dataclass(frozen=True, slots=True)
class Meant:
    """An account to link: its rail's name, and what names it there."""

    rail: str
    number: str


def meant(words: str, rails: Mapping[str, Capabilities]) -> Sequence[Meant]:
    """What `words` can mean at the rails of these names: nothing, one account, or one at each of several.

    They are a number by itself, or one behind the name of a rail or of a kind of account (`upi`).
    """
    first, _, rest = words.strip().partition(" ")
    word = first.casefold()
    if word in rails:
        return [Meant(word, rest.strip())]
    if any(word in can.shapes for can in rails.values()):
        return [Meant(name, rest.strip()) for name, can in rails.items() if _fits(can, word, rest)]
    return [
        Meant(name, words.strip())
        for name, can in rails.items()
        if any(_fits(can, kind, words) for kind in can.shapes)
    ]


def joined(number: str) -> str:
    """The number without the spaces between its groups; an address has none, so that two words stay two."""
    return (" " if "@" in number else "").join(number.split())


def canonical(number: str) -> str:
    """The form in which two ways to write one number are the same: without case, spaces and punctuation.

    Of an address, punctuation is a part.
    """
    bare = joined(number).upper()
    return bare if "@" in bare else re.sub(r"[().\-/]", "", bare)


def _fits(can: Capabilities, kind: str, number: str) -> bool:
    compact = joined(number)
    shape = can.shapes.get(kind)
    return (
        shape is not None
        and len(compact) <= LONGEST
        and re.fullmatch(shape, compact, re.IGNORECASE) is not None
    )
