"""What stands behind `!pay` when several people get the same: "@anna @bob 10 EUR each for pizza". Pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.commands._grammar import (
    LINKING_WORDS,
    SOURCES,
    TOWARDS,
    Named,
    PaymentWords,
    ReplyAndPillDifferError,
    SeveralPayeesError,
    UnknownPayeeError,
    is_address,
    mark_pills,
    masked,
    read_payment,
    resolve,
    source_before,
    source_behind,
    unmark,
    without_linking,
    words_of_a_name,
)
from paybridge.domain.amounts import ReadAmount, find_amount
from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.spoken import Pill

EACH: Final = frozenset({"each", "apiece", "每人", "各", "每个人"})
AND: Final = frozenset({"and", "&", "和", "与", "跟", "、", ",", "\uff0c"})


@dataclass(frozen=True, slots=True)
class EachWords:
    """What was read: at least two payees' Matrix ids as they were named, what each of them gets, the note."""

    payees: tuple[str, ...]
    amount: ReadAmount
    note: str
    source: str = ""


def read_each(words: str, people: Named, default_currency: str) -> EachWords | None:
    """Read several payees and what each gets; None unless "each" stands beside the amount.

    Payees stand before the amount, behind it or on both sides. Whoever cannot be told is refused, as for one
    payee.
    """
    marked, pills = mark_pills(words, people.pills)
    typed = marked.split()
    if not any(_is_each(word) for word in typed):
        return None
    amount, place = find_amount([masked(word) for word in typed], default_currency=default_currency)
    around = _around(typed, place)
    if around is None:
        return None
    before, after = around
    before, source = source_behind(without_linking(before))
    after, source = source_before(after, source)
    if before:
        payees, left = read_people(before, pills, people)
        if left:
            resolve(" ".join(left), pills, people)
        more, after = _read_more_people(after, pills, people)
        payees += more
    else:
        payees, after = read_people(_without_towards(after), pills, people)
    if len(payees) < 2:  # noqa: PLR2004 - one payee is an ordinary payment, and "each" a part of its note
        return None
    if people.is_reply and people.reply_author not in {None, *payees}:
        raise ReplyAndPillDifferError(author=people.reply_author or "", typed=", ".join(payees))
    note, source = _read_note(after, source)
    return EachWords(tuple(payees), amount, unmark(note, pills), source)


def read_people(words: list[str], pills: Sequence[Pill], people: Named) -> tuple[list[str], list[str]]:
    """Everybody whom the first words name, with "and" between them or not, and the words that are left."""
    found: list[str] = []
    while words:
        if found and words[0].casefold() in AND:
            words = words[1:]
            continue
        length = 1 if is_address(words[0]) else words_of_a_name(words, people)
        if not length:
            break
        found.append(resolve(" ".join(words[:length]), pills, people))
        words = words[length:]
    return found, words


def _is_each(word: str) -> bool:
    return word.casefold().rstrip(",:;") in EACH


def _around(typed: list[str], place: slice) -> tuple[list[str], list[str]] | None:
    """The words before and behind the amount without "each", which stands beside it; else None."""
    before, after = typed[: place.start], typed[place.stop :]
    if after and _is_each(after[0]):
        return before, after[1:]
    if before and _is_each(before[-1]):
        return before[:-1], after
    return None


def _read_more_people(after: list[str], pills: Sequence[Pill], people: Named) -> tuple[list[str], list[str]]:
    """Those named behind the amount too: by an address, or as in "and Carol"; a name alone begins a note."""
    joined = bool(after) and after[0].casefold() in AND | TOWARDS
    if not joined and not (after and is_address(after[0])):
        return [], after
    found, left = read_people(after[1:] if joined else after, pills, people)
    return (found, left) if found else ([], after)


def _without_towards(words: list[str]) -> list[str]:
    return words[1:] if words and words[0].casefold() in TOWARDS else words


def _read_note(after: list[str], source: str) -> tuple[str, str]:
    """What it is for, and the source, which may stand before the note or behind it."""
    after, source = source_before(after, source)
    if not source and after and after[-1].casefold() in SOURCES:
        after, source = source_behind(after)
    if after and is_address(after[0]):
        raise SeveralPayeesError
    if after and after[0].casefold() in LINKING_WORDS:
        after = after[1:]
    return " ".join(after), source


def read_one(words: str, people: Named, default_currency: str) -> PaymentWords:
    """Read one payee and an amount as `read_payment` does; SeveralPayeesError for "bob and carol" as well."""
    try:
        return read_payment(words, people, default_currency)
    except UnknownPayeeError:
        if _names_several(words, people, default_currency):
            raise SeveralPayeesError from None
        raise


def _names_several(words: str, people: Named, default_currency: str) -> bool:
    """Whether several would be paid if "each" stood behind the amount."""
    line = with_each(f"!pay {words}", default_currency)
    with suppress(UserError):
        return read_each(line.partition(" ")[2], people, default_currency) is not None
    return False


def with_each(line: str, default_currency: str) -> str:
    """The line with "each" behind its amount."""
    words = line.split()
    _, place = find_amount([masked(word) for word in words[1:]], default_currency=default_currency)
    return " ".join([*words[: place.stop + 1], "each", *words[place.stop + 1 :]])
