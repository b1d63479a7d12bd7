"""What stands behind `!ticket new`: "Gig" 15 EUR x80 in #gig:hs refund until 2026-12-01. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

from paybridge.domain.amounts import find_amount
from paybridge.domain.errors import UserError
from paybridge.domain.ticket import MOST_PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from paybridge.domain.money import Money

_QUOTED: Final = re.compile('["\u201c\u201d\u201e\u00ab\u00bb](.+?)["\u201c\u201d\u201e\u00ab\u00bb]')
_PLACES: Final = re.compile("[x\u00d7]([0-9]{1,7})|([0-9]{1,7})[x\u00d7]", re.IGNORECASE)
_PIECES: Final = re.compile("(?:([0-9]{1,4})\\s*[x\u00d7]?\\s+)?(.*\\S)", re.IGNORECASE)
_TIME: Final = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])")
_IN: Final = frozenset({"in", "\u5728"})
_ON: Final = frozenset({"on", "\u4e8e"})
_REFUND: Final = frozenset({"refund", "refunds", "\u9000\u7968"})
_UNTIL: Final = frozenset({"until", "\u81f3"})
MOST_LETTERS: Final = 80


class NotAGigError(UserError):
    """The words do not say what is sold, for how much, and how many places there are."""

    key = "error.not_a_gig"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ('!ticket new "Gig" 15 EUR x80 on 2026-12-05 20:00 refund until 2026-12-01',)


@dataclass(frozen=True, slots=True)
class GigWords:
    """An event as it was typed; `room` is an address ("#gig:hs") or an id."""

    name: str
    price: Money
    places: int
    room: str | None
    starts: datetime | None
    refund_until: datetime | None


def read_gig(words: str, currency: str, zone: tzinfo) -> GigWords:
    """Read an event; days and times are those of `zone`, and a day is over at its end.

    Raises NotAGigError and what an amount does.
    """
    quoted = _QUOTED.search(words)
    if quoted is None or len(quoted[1].strip()) > MOST_LETTERS:
        raise NotAGigError(typed=words[:40])
    reading = _Reading((words[: quoted.start()] + words[quoted.end() :]).split(), zone)
    if reading.places is None or not 1 <= reading.places <= MOST_PLACES:
        raise NotAGigError(typed=words[:40])
    amount, _ = find_amount(reading.left, default_currency=currency)
    return GigWords(
        name=" ".join(quoted[1].split()),
        price=amount.money,
        places=reading.places,
        room=reading.room,
        starts=reading.starts,
        refund_until=reading.refund_until,
    )


def read_pieces(words: str) -> tuple[int, str]:
    """How many tickets of what: "2 Gig" or "Gig", quotes left out. Raises NotAGigError."""
    found = _PIECES.fullmatch(words.strip())
    if found is None:
        raise NotAGigError(typed=words[:40])
    return int(found[1] or 1), found[2].strip("\"'\u201c\u201d\u201e\u00ab\u00bb ")


class _Reading:
    """Goes through the words once; `left` are those that say the price."""

    def __init__(self, typed: Sequence[str], zone: tzinfo) -> None:
        self._typed = list(typed)
        self._zone = zone
        self.left: list[str] = []
        self.places: int | None = None
        self.room: str | None = None
        self.starts: datetime | None = None
        self.refund_until: datetime | None = None
        while self._typed:
            self._one(self._typed.pop(0))

    def _one(self, word: str) -> None:
        said, places = word.casefold(), _PLACES.fullmatch(word)
        if places is not None:
            self.places = int(places[1] or places[2])
        elif said in _IN and self._typed:
            self.room = self._typed.pop(0)
            if self.room[:1] not in {"#", "!"} or ":" not in self.room:
                raise NotAGigError(typed=self.room[:40])
        elif said in _ON:
            self.starts = self._moment(ends=False)
        elif said in _REFUND:
            if self._typed and self._typed[0].casefold() in _UNTIL:
                self._typed.pop(0)
            self.refund_until = self._moment(ends=True)
        else:
            self.left.append(word)

    def _moment(self, *, ends: bool) -> datetime:
        """The day that comes next, and the time behind it; without one, where the day `ends`."""
        word = self._typed.pop(0) if self._typed else ""
        try:
            day = date.fromisoformat(word)
        except ValueError:
            raise NotAGigError(typed=word[:40]) from None
        clock = _TIME.fullmatch(self._typed[0]) if self._typed else None
        if clock is not None:
            self._typed.pop(0)
            at = time(int(clock[1]), int(clock[2]))
        elif ends:
            at = time(23, 59, 59)
        else:
            raise NotAGigError(typed=word[:40])
        return datetime.combine(day, at, self._zone).astimezone(UTC)
