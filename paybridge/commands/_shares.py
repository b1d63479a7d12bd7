"""What stands behind `!split`: the sum, who shares it, and how. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.commands._each import AND
from paybridge.commands._grammar import (
    LINKING_WORDS,
    Named,
    is_address,
    mark_pills,
    masked,
    resolve,
    unmark,
    words_of_a_name,
)
from paybridge.domain.amounts import find_amount, looks_like_amount
from paybridge.domain.errors import UserError
from paybridge.domain.split import How, Wanted

if TYPE_CHECKING:
    from paybridge.domain.money import Money
    from paybridge.domain.spoken import Pill

ME: Final = frozenset({"me", "myself", "我"})
ROOM: Final = frozenset({"room", "everyone", "全群", "所有人"})
REST: Final = frozenset({"rest", "其余", "剩下"})
NOT: Final = frozenset({"not", "without", "不含", "除了"})
_BETWEEN: Final = AND | {"between", "with", "among"}
_PARTS: Final = re.compile(r"[x\u00d7*]([1-9][0-9]{0,2})|([1-9][0-9]{0,2})[x\u00d7*]", re.IGNORECASE)
_PERCENT: Final = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?[%\uff05]")
_MOST_WORDS_OF_A_SUM: Final = 3


class ShareNotReadError(UserError):
    """What stands behind somebody's name is no share."""

    key = "error.share_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


@dataclass(frozen=True, slots=True)
class SharesWords:
    """What was read: the sum, everybody's share (the own one first), the note, and whether all are meant."""

    total: Money
    wanted: tuple[Wanted, ...]
    note: str
    room: bool = False
    with_me: bool = True


@dataclass(slots=True)
class Reading:
    """What has been read so far; `left` are the words that are not."""

    left: list[str]
    pills: tuple[Pill, ...]
    people: Named
    own: Wanted | None
    total: Money
    found: list[Wanted]
    room: bool = False

    def is_next(self, words: frozenset[str], place: int = 0) -> bool:
        return len(self.left) > place and self.left[place].casefold().rstrip(",:;") in words

    def read(self) -> None:
        """Everybody who is named, until a word that names nobody begins the note."""
        while self.left:
            if self.is_next(NOT) and self.is_next(ME, 1):
                self.left, self.own = self.left[2:], None
            elif self.is_next(_BETWEEN | REST):
                self.left = self.left[1:]
            elif self.is_next(ROOM) and not self.found:
                self.left, self.room = self.left[1:], True
            elif self.is_next(ME):
                self.left = self.left[1:]
                self.own = self.share(self.own or Wanted("", own=True))
            elif not self.person():
                return

    def person(self) -> bool:
        """Take the next words if they name somebody, with the share that is said behind them."""
        name, equals, said = self.left[0].partition("=")
        words = [name, *self.left[1:]] if equals and said else self.left
        length = 1 if is_address(words[0]) else words_of_a_name(words, self.people)
        if not length:
            return False
        who = resolve(" ".join(words[:length]), self.pills, self.people)
        left = words[length:]
        self.left = [f"x{said}" if said.isdecimal() else said, *left] if equals and said else left
        self.found.append(self.share(Wanted(who)))
        return True

    def share(self, one: Wanted) -> Wanted:
        """The share that the next words say, and those words taken; an equal part if they say none."""
        word = masked(self.left[0]) if self.left else ""
        if (parts := _PARTS.fullmatch(word)) is not None:
            self.left = self.left[1:]
            return replace(one, weight=int(parts[1] or parts[2]))
        if (percent := _PERCENT.fullmatch(word)) is not None:
            self.left = self.left[1:]
            weight = int(percent[1]) * 100 + int((percent[2] or "").ljust(2, "0"))
            if not weight:
                raise ShareNotReadError(typed=word)
            return replace(one, how=How.PERCENT, weight=weight)
        if looks_like_amount(word) and not word.isdecimal():
            return self._exact(one, 1)
        return self._exact(one, 2) if word.isdecimal() and self._is_currency(1) else one

    def _is_currency(self, place: int) -> bool:
        words = self.left[place : place + 1]
        return [word.upper().rstrip(",;") for word in words] == [self.total.currency]

    def _exact(self, one: Wanted, least: int) -> Wanted:
        """An exact sum, whose currency may be the word behind it."""
        length = least
        if length == 1 and self._is_currency(1):
            length = 2
        words = [word.rstrip(",;") for word in self.left[:length]]
        amount, _ = find_amount(words, default_currency=self.total.currency)
        if amount.money.currency != self.total.currency or not amount.money.is_positive:
            raise ShareNotReadError(typed=" ".join(words))
        self.left = self.left[length:]
        return replace(one, how=How.EXACT, weight=amount.money.minor)


def read_shares(words: str, people: Named, default_currency: str, me: str) -> SharesWords:
    """Read "60 EUR @a x2 @b 40% @c 12.50 EUR rest for dinner"; the sum comes first.

    Whoever types it (`me`) has a part too, unless "not me" says otherwise. Raises what amounts and payees do.
    """
    marked, pills = mark_pills(words, people.pills)
    typed = marked.split()
    first = next((place for place, word in enumerate(typed) if is_address(word)), len(typed))
    in_front = [masked(word) for word in typed[: min(first, _MOST_WORDS_OF_A_SUM)]]
    amount, place = find_amount(in_front, default_currency=default_currency)
    left = typed[: place.start] + typed[place.stop :]
    reading = Reading(left, pills, people, Wanted(me, own=True), amount.money, [])
    reading.read()
    note = reading.left
    if any(is_address(word) for word in note):
        raise ShareNotReadError(typed=unmark(note[0], pills)[:40])
    if note and note[0].casefold() in LINKING_WORDS:
        note = note[1:]
    own = None if reading.own is None else replace(reading.own, mxid=me)
    wanted = (*([] if own is None else [own]), *(one for one in reading.found if one.mxid != me))
    return SharesWords(amount.money, wanted, unmark(" ".join(note), pills), reading.room, own is not None)


def read_who(words: str, people: Named) -> str:
    """The Matrix id of the one person whom the words name."""
    marked, pills = mark_pills(words, people.pills)
    return resolve(marked.strip(), pills, people)
