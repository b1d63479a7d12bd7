"""What people mean to link: the rail and the number that they type, by its shape where they name no rail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from paybridge.domain.cards import holds_card_number
from paybridge.domain.errors import UserError
from paybridge.services.rail import Capabilities

BANK: Final = "bank"
"""The rail that people link without knowing what a rail is, also while it is away."""

LONGEST: Final = 200
"""Letters of a number that are looked at."""


class WhatToLinkError(UserError):
    """The words are no account's number."""

    key = "error.what_to_link"


class AccountNumberMissingError(UserError):
    """`bank`, or another rail, without a number."""

    key = "error.account_number_missing"


class CardNumberTypedError(UserError):
    """A card's number is nothing that we read or keep: it belongs on the page of a rail."""

    key = "error.card_number_given"


class AmbiguousNumberError(UserError):
    """Several rails have such accounts."""

    key = "error.ambiguous_number"

    def __init__(self, *, rails: Sequence[str], number: str) -> None:
        super().__init__(rails=", ".join(rails))
        self._lines = tuple(f"!link {rail} {number}" for rail in rails)

    def lines(self) -> tuple[str, ...]:
        """The same with each rail's name before it."""
        return self._lines


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


def the_one(words: str, rails: Mapping[str, Capabilities]) -> Meant:
    """The one account that `words` name, at the one rail that has such accounts.

    Raises `WhatToLinkError`, `AccountNumberMissingError`, `AmbiguousNumberError` or `CardNumberTypedError`.
    """
    choices = meant(words, rails)
    first, _, rest = words.partition(" ")
    if not choices and first.casefold() == BANK:
        choices = [Meant(BANK, rest)]
    if not choices:
        raise CardNumberTypedError if holds_card_number(words) else WhatToLinkError
    if len(choices) > 1:
        raise AmbiguousNumberError(rails=[one.rail for one in choices], number=choices[0].number)
    if not choices[0].number:
        raise AccountNumberMissingError
    return choices[0]


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
