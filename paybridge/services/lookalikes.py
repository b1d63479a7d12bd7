"""Matrix ids that look alike and are not the same, by Unicode's list of confusable characters (UTS 39)."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

# The library's other modules keep the whole list, and another, in memory for as long as the process runs.
from confusable_homoglyphs.utils import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SEPARATORS: Final = str.maketrans("", "", "._-")
# What the list leaves out because it is about characters, not about words in small type.
_IN_SMALL_TYPE: Final = (("vv", "w"), ("cl", "d"))


def alike(mxid: str, others: Iterable[str]) -> str | None:
    """The first of `others` whose name (the part before the colon) reads like that of `mxid`, on any server.

    "@b0b:example.org" and "@bob:examp1e.org" are like "@bob:example.org", which is not like itself.
    """
    figure = _figure(mxid)
    return next((other for other in others if other != mxid and _figure(other) == figure), None)


# A card compares everybody in the room, and the same people are compared again for the next one.
@lru_cache(maxsize=4096)
def _figure(mxid: str) -> str:
    """What is left of a name when everything that is easily mistaken is made the same."""
    name = mxid.removeprefix("@").partition(":")[0]
    seen = "".join(
        _likeness().get(char, char)
        for char in unicodedata.normalize("NFKD", name)
        if unicodedata.category(char) not in {"Mn", "Me", "Cf"}
    )
    figure = seen.casefold().translate(_SEPARATORS)
    for pair, letter in _IN_SMALL_TYPE:
        figure = figure.replace(pair, letter)
    return figure


@cache
def _likeness() -> Mapping[str, str]:
    """From each confusable character to the one that stands for all that look like it.

    The list names for each character either the one that stands for it, or all those for which it stands.
    """
    listed = load("confusables.json")
    found: dict[str, str] = {}
    for char, entries in listed.items():
        first: str = entries[0]["c"]
        alone = len(entries) == 1 and len(listed.get(first, ())) == 1
        stands_for_others = len(entries) > 1 or (alone and char < first)
        if not stands_for_others:
            found[char] = first
    return found
