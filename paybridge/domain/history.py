"""What somebody looks for among their payments, and where they stopped reading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.month import Month, read_month

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


class Sort(StrEnum):
    """Which payments: by kind, and payments by who paid."""

    SENT = "sent"
    RECEIVED = "received"
    REQUESTS = "requests"
    REFUNDS = "refunds"
    TOPUPS = "topups"
    CASHOUTS = "cashouts"


@dataclass(frozen=True, slots=True)
class Sought:
    """Payments of a person that are looked for; what is None makes no difference.

    `other` is the person (by id) on the other side. `room` is where they were made. The month is
    that of `zone` (a name of the IANA database).
    """

    other: str | None = None
    month: Month | None = None
    room: str | None = None
    sort: Sort | None = None
    zone: str = "UTC"


EVERYTHING: Final = Sought()


@dataclass(frozen=True, slots=True)
class Mark:
    """The payment (or request) that a page of history ended with: when it was made, and its id."""

    created: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a person stopped reading, and what they were looking for."""

    person: str
    sought: Sought
    mark: Mark
    version: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """The words behind `!history`: `who` is what is left of them, and names somebody or nobody."""

    more: bool = False
    here: bool = False
    month: Month | None = None
    sort: Sort | None = None
    who: str = ""


_MORE: Final = frozenset({"more", "next", "更多", "下一页"})
_HERE: Final = frozenset({"here", "room", "本群", "这里", "此处"})
_WITH: Final = frozenset({"with", "和", "与", "跟"})
_IDLE: Final = frozenset({"in", "of", "from", "and", "this", "the", "的"})
_SORTS: Final[Mapping[str, Sort]] = {
    **{sort.value: sort for sort in Sort},
    **{sort.value.removesuffix("s"): sort for sort in Sort},
    "paid": Sort.SENT,
    "got": Sort.RECEIVED,
    "发出": Sort.SENT,
    "支出": Sort.SENT,
    "收到": Sort.RECEIVED,
    "收入": Sort.RECEIVED,
    "请求": Sort.REQUESTS,
    "退款": Sort.REFUNDS,
    "充值": Sort.TOPUPS,
    "提现": Sort.CASHOUTS,
}


def read_search(words: str, language: str, today: date) -> Search:
    """What is looked for by `words`: a month, a kind, this room, somebody; in any order.

    Behind "with" stands a name, whatever it reads like.
    """
    more, here = False, False
    month: Month | None = None
    sort: Sort | None = None
    who: list[str] = []
    typed = words.split()
    at = 0
    while at < len(typed):
        word = typed[at].casefold()
        named = read_month(typed[at:], language, today) if month is None else None
        if word in _WITH and at + 1 < len(typed):
            who.append(typed[at + 1])
            at += 2
            continue
        if named is not None:
            month, used = named
            at += used
            continue
        more = more or word in _MORE
        here = here or word in _HERE
        if word in _SORTS and sort is None:
            sort = _SORTS[word]
        elif word not in _MORE | _HERE | _IDLE:
            who.append(typed[at])
        at += 1
    return Search(more, here, month, sort, " ".join(who))
