"""Who else acts for a shop, with which rights, and the log of what was done in its name; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MOST_STAFF: Final = 20


class RightsNotReadError(UserError):
    """A word is none of the rights that somebody of a shop can have."""

    key = "error.rights_not_read"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class TooManyStaffError(UserError):
    """More people than act for one shop."""

    key = "error.too_many_staff"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class RightMissingError(UserError):
    """The person acts for the shop, but may not do this."""

    key = "error.right_missing"

    def __init__(self, *, right: Right) -> None:
        super().__init__(
            serve=({},) if right is Right.SERVE else (),
            invoice=({},) if right is Right.INVOICE else (),
            refund=({},) if right is Right.REFUND else (),
        )


class Right(StrEnum):
    """What somebody may do in the name of a shop."""

    SERVE = "serve"
    """See its orders, say how far they are, and decline those that are not paid."""
    INVOICE = "invoice"
    REFUND = "refund"
    """Give back, and call off what is paid."""


class ActOfShop(StrEnum):
    """What was done in the name of a shop."""

    READY = "ready"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    DECLINED = "declined"
    GAVE_BACK = "gave_back"
    INVOICED = "invoiced"
    STAFF = "staff"
    STAFF_GONE = "staff_gone"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who acts for a shop; without rights they do no more. Its `id` is made of the two."""

    id: str
    shop: str
    person: str
    rights: frozenset[Right]
    since: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class ShopAct:
    """What the person `actor` did in the name of a shop, about a payment or about another person."""

    id: str
    shop: str
    at: datetime
    actor: str
    what: ActOfShop
    subject: str
    version: int = 0


_WORDS: Final = {
    **{right.value: right for right in Right},
    **dict.fromkeys(("serving", "orders", "接单"), Right.SERVE),
    **dict.fromkeys(("invoices", "开票"), Right.INVOICE),
    **dict.fromkeys(("refunds", "退款"), Right.REFUND),
}
_AND: Final = frozenset({"and", "和"})
_ALL: Final = frozenset({"all", "everything", "全部"})


def is_right(word: str) -> bool:
    """Whether the word is one that `read_rights` knows."""
    named = word.casefold().strip(",;")
    return named in _WORDS or named in _ALL or named in _AND


def read_rights(words: Iterable[str]) -> frozenset[Right]:
    """Read "invoice refund"; nothing at all is `serve`. Raises RightsNotReadError."""
    found: set[Right] = set()
    for word in words:
        named = word.casefold().strip(",;")
        if named in _ALL:
            return frozenset(Right)
        if named and named not in _AND:
            right = _WORDS.get(named)
            if right is None:
                raise RightsNotReadError(typed=word[:40])
            found.add(right)
    return frozenset(found or {Right.SERVE})


def rights_text(rights: Iterable[Right]) -> str:
    """As the database keeps them: "invoice serve"."""
    return " ".join(sorted(rights))


def rights_from_text(text: str) -> frozenset[Right]:
    """What `rights_text` wrote."""
    return frozenset(Right(word) for word in text.split())


def done(shop: str, at: datetime, actor: str, what: ActOfShop, payment: str, by: str = "") -> ShopAct:
    """What was done about a payment, once; `by` is another payment that did it."""
    return ShopAct(f"{by or payment}/{what}", shop, at, actor, what, payment)
