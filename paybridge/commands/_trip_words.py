"""What stands behind `!trip start` and `!trip add`: "30 EUR dinner @all", "4000 JPY at 0.0061". Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from paybridge.commands._each import AND, read_people
from paybridge.commands._grammar import (
    LINKING_WORDS,
    Named,
    is_address,
    mark_pills,
    masked,
    unmark,
    words_of_a_name,
)
from paybridge.commands._shares import ME, NOT, REST, Reading
from paybridge.domain.amount_errors import NoAmountError
from paybridge.domain.amounts import find_amount
from paybridge.domain.currency_names import meanings
from paybridge.domain.split import Wanted
from paybridge.domain.trip import read_rate
from paybridge.services.trips import Told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from paybridge.domain.money import Money

_EVERYBODY: Final = frozenset({"@all", "@room", "@everyone", "@所有人", "@大家"})
_ALL: Final = _EVERYBODY | {"all", "everyone", "everybody", "大家", "所有人"}
_BY: Final = frozenset({"by", "由"})
_PAID: Final = frozenset({"paid", "付"})
_AT: Final = frozenset({"at", "@", "按", "汇率"})
_AMONG: Final = LINKING_WORDS | {"with", "among", "between", "分给"}
_WORDS_OF_A_SUM: Final = 3


@dataclass(frozen=True, slots=True)
class TripWords:
    """What was read behind "start": what the trip is called, its currency (if named), who is in it."""

    name: str
    currency: str | None
    people: tuple[str, ...]


@dataclass(slots=True)
class _Expense:
    """What has been read of an expense so far; `reading.left` are the words that are not."""

    reading: Reading
    me: str
    payers: list[Wanted] = field(default_factory=list)
    sharers: list[Wanted] = field(default_factory=list)
    without: list[Wanted] = field(default_factory=list)
    note: list[str] = field(default_factory=list)
    everybody: bool = False

    def read(self) -> None:
        """Who paid, who shares, who does not; every other word belongs to the note."""
        reading = self.reading
        while reading.left:
            if reading.is_next(_PAID) and reading.is_next(_BY, 1) and self._names(2):
                reading.left = reading.left[1:]
            elif reading.is_next(_BY) and self._names(1):
                self.payers += self._people(1)
            elif reading.is_next(_EVERYBODY):
                reading.left, self.everybody = reading.left[1:], True
            elif reading.is_next(_AMONG) and reading.is_next(_ALL, 1):
                reading.left, self.everybody = reading.left[2:], True
            elif reading.is_next(NOT) and self._names(1):
                self.without += self._people(1)
            elif reading.is_next(_AMONG) and self._names(1):
                self.sharers += self._people(1)
            elif is_address(reading.left[0]):
                self.sharers += self._people(0)
            else:
                self.note.append(reading.left[0])
                reading.left = reading.left[1:]

    def _names(self, place: int) -> bool:
        """Whether the words from this place on name somebody."""
        words = self.reading.left[place:]
        return bool(words) and (
            self.reading.is_next(ME, place)
            or (is_address(words[0]) and not self.reading.is_next(_EVERYBODY, place))
            or words_of_a_name(words, self.reading.people) > 0
        )

    def _people(self, skipped: int) -> list[Wanted]:
        """Everybody whom the words behind so many name, with their shares."""
        reading = self.reading
        reading.left, reading.found = reading.left[skipped:], []
        while self._names(0):
            if reading.is_next(ME):
                reading.left = reading.left[1:]
                reading.found.append(reading.share(Wanted(self.me)))
            else:
                reading.person()
            if reading.is_next(REST):
                reading.left = reading.left[1:]
            if reading.is_next(AND) and self._names(1):
                reading.left = reading.left[1:]
        return reading.found


def read_start(words: str, people: Named) -> TripWords:
    """Read "Rome EUR @anna @bob": people stand behind name and currency."""
    marked, pills = mark_pills(words, people.pills)
    typed = marked.split()
    first = next((place for place, word in enumerate(typed) if is_address(word)), len(typed))
    name, named = typed[:first], [word for word in typed[first:] if word.casefold() not in _EVERYBODY]
    if name and name[-1].casefold() in _AMONG | AND:
        name = name[:-1]
    currency = meanings(name[-1]) if name else ()
    if len(currency) == 1:
        name = name[:-1]
    found, _ = read_people(named, pills, people)
    return TripWords(unmark(" ".join(name), pills), currency[0] if len(currency) == 1 else None, tuple(found))


def read_travellers(words: str, people: Named) -> tuple[str, ...]:
    """The Matrix ids of everybody whom the words name."""
    marked, pills = mark_pills(words, people.pills)
    found, _ = read_people(marked.split(), pills, people)
    return tuple(found)


def read_expense(words: str, people: Named, currency: str, me: str) -> Told:
    """Read an expense of a trip in `currency`: sum, rate, who paid (`me` if nobody is named), shares, note.

    Names without "@" are read behind "by", "for", "with" and other names alone: elsewhere they are a note.
    Raises what amounts, rates and payees do.
    """
    marked, pills = mark_pills(words, people.pills)
    spent, left, behind = _sum(marked.split(), currency)
    rate: Decimal | None = None
    if spent.currency != currency and len(left) > behind + 1 and left[behind].casefold() in _AT:
        rate = read_rate(left[behind + 1])
        left = left[:behind] + left[behind + 2 :]
    told = _Expense(Reading(left, pills, people, None, spent, []), me)
    told.read()
    return Told(
        spent=spent,
        rate=rate,
        payers=tuple(told.payers) or (Wanted(me),),
        sharers=() if told.everybody or not told.sharers else tuple(told.sharers),
        without=tuple(one.mxid for one in told.without),
        note=unmark(" ".join(_without_linking(told.note)), pills),
    )


def _sum(typed: list[str], currency: str) -> tuple[Money, list[str], int]:
    """The sum, the words around it, and at which of them it stood; the first words come first."""
    seen = [masked(word) for word in typed]
    try:
        amount, place = find_amount(seen[:_WORDS_OF_A_SUM], default_currency=currency)
    except NoAmountError:
        amount, place = find_amount(seen, default_currency=currency)
    return amount.money, typed[: place.start] + typed[place.stop :], place.start


def _without_linking(note: Sequence[str]) -> Sequence[str]:
    """The note without "for" in front of it."""
    return note[1:] if note and note[0].casefold() in LINKING_WORDS else note
