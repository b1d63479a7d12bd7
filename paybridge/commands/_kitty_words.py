"""What stands behind `!kitty open`: a name, a currency, treasurers, how many of them are needed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.commands._each import AND, read_people
from paybridge.commands._grammar import (
    LINKING_WORDS,
    is_address,
    mark_pills,
    resolve,
    source_before,
    source_behind,
    unmark,
)
from paybridge.domain.amounts import find_amount
from paybridge.domain.currency_names import meanings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.commands._grammar import Named
    from paybridge.domain.money import Money
    from paybridge.domain.spoken import Pill

TREASURERS: Final = frozenset({"treasurers", "treasurer", "with", "司库", "管账"})
NEEDS: Final = frozenset({"needs", "need", "需要"})
_ME: Final = frozenset({"me", "我"})
_QUOTES: Final = "\"'“”„«»「」"
_MOST_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class KittyWords:
    """What was read: the name, the currency and the number where they were named, treasurers' Matrix ids."""

    name: str
    currency: str | None
    treasurers: tuple[str, ...]
    needs: int | None


def read_open(words: str, people: Named, me: str) -> KittyWords:
    """Read '"Flat 12" EUR treasurers @a @b @c needs 2'; raises what names of people do."""
    marked, pills = mark_pills(words, people.pills)
    typed = marked.split()
    typed, needs = _needs_behind(typed)
    first = next(
        (place for place, word in enumerate(typed) if word.casefold() in TREASURERS or is_address(word)),
        len(typed),
    )
    name, named = typed[:first], typed[first:]
    currency = meanings(name[-1]) if len(name) > 1 else ()
    if len(currency) == 1:
        name = name[:-1]
    return KittyWords(
        name=unmark(" ".join(name), pills).strip(_QUOTES + " "),
        currency=currency[0] if len(currency) == 1 else None,
        treasurers=tuple(_people(named, people, me, pills)),
        needs=needs,
    )


@dataclass(frozen=True, slots=True)
class PutWords:
    """What was read behind "put": how much, what it comes from (if named), what for."""

    amount: Money
    source: str
    note: str


def read_put(words: str, currency: str) -> PutWords:
    """Read "20 EUR from card for July"; raises what amounts do."""
    typed = words.split()
    amount, place = find_amount(typed, default_currency=currency)
    after, source = source_before(typed[place.stop :], "")
    if not source:
        after, source = source_behind(after)
    note = after[1:] if after and after[0].casefold() in LINKING_WORDS else after
    return PutWords(amount.money, source, " ".join(note))


def read_treasurers(words: str, people: Named, me: str) -> tuple[str, ...]:
    """The Matrix ids of everybody whom the words name."""
    marked, pills = mark_pills(words, people.pills)
    return tuple(_people(marked.split(), people, me, pills))


def read_number(word: str) -> int:
    """The whole number in a word; 0 if it is none."""
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= _MOST_DIGITS else 0


def _needs_behind(typed: list[str]) -> tuple[list[str], int | None]:
    """The words without "needs 2" at their end, and the number; 0 where another word stands there."""
    if len(typed) > 1 and typed[-2].casefold() in NEEDS:
        return typed[:-2], read_number(typed[-1])
    return typed, None


def _people(words: list[str], people: Named, me: str, pills: Sequence[Pill]) -> list[str]:
    """Everybody whom the words name; whoever cannot be told is refused."""
    found: list[str] = []
    left = words[1:] if words and words[0].casefold() in TREASURERS else words
    while left:
        if left[0].casefold() in AND:
            left = left[1:]
        elif left[0].casefold() in _ME:
            found, left = [*found, me], left[1:]
        else:
            more, rest = read_people(left, pills, people)
            if not more:
                # Nobody is called that: the error says so.
                more = [resolve(left[0], pills, people)]
                rest = left[1:]
            found, left = [*found, *more], rest
    return found
