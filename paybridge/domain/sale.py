"""What a shop sells, and what somebody ordered of it; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ids import looks_like_payment_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.money import Money

MOST_ITEMS: Final = 200
MOST_PIECES: Final = 1_000
MOST_STOCK: Final = 1_000_000
_NUMBER: Final = re.compile("[0-9]{1,6}")
_PARTS: Final = re.compile("[,;\uff0c\uff1b\u3001]|\\band\\b|\u548c")
_PAGE: Final = re.compile(
    r"(?:([0-9]{1,6})\s*[x\u00d7*]?\s+)?(?:https?://\S+/buy/)?([0-9a-f]{32})(?:\s*[x\u00d7*]?\s*([0-9]{1,6}))?",
    re.IGNORECASE,
)
_WANTED: Final = re.compile("(?:([0-9]{1,6})\\s*[x\u00d7*]?\\s*)?(.*\\S)", re.IGNORECASE)


class SoldOutError(UserError):
    """There are not so many left."""

    key = "error.sold_out"

    def __init__(self, *, name: str, left: int) -> None:
        super().__init__(name=name, left=left)
        self._rest = f"!order {left} {name}" if left else "!menu"

    def lines(self) -> tuple[str, ...]:
        """All that is left of it, or what else there is."""
        return (self._rest,)


class ItemRepricedError(UserError):
    """The item costs something else now than its card says."""

    key = "error.item_repriced"

    def __init__(self, *, name: str, price: Money, before: Money) -> None:
        super().__init__(name=name, price=price, before=before)

    def lines(self) -> tuple[str, ...]:
        return ("!menu",)


class ItemGoneError(UserError):
    """The item is sold no more, or its shop is closed for good, since the card was shown."""

    key = "error.item_gone"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def lines(self) -> tuple[str, ...]:
        return ("!menu",)


class NoSuchItemError(UserError):
    """The shop sells nothing of that name."""

    key = "error.no_such_item"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)

    def lines(self) -> tuple[str, ...]:
        return ("!menu",)


class OrderNotPossibleNowError(UserError):
    """The order has no such move from where it stands; nothing changes."""

    key = "error.order_not_possible_now"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!order {self._payment}",)


class ItemState(StrEnum):
    """Whether an item is sold."""

    OFFERED = "offered"
    GONE = "gone"


class SaleState(StrEnum):
    """Where an order stands; it is `pending` until its payment has arrived."""

    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class TakingState(StrEnum):
    """Whether the pieces of an order's line are out of the stock."""

    OPEN = "open"
    TAKEN = "taken"
    BACK = "back"


SALE_MOVES: Final[Mapping[SaleState, frozenset[SaleState]]] = {
    SaleState.PROCESSING: frozenset({SaleState.PENDING}),
    SaleState.CANCELLED: frozenset({SaleState.PENDING, SaleState.PROCESSING, SaleState.READY}),
    SaleState.READY: frozenset({SaleState.PROCESSING}),
    SaleState.SHIPPED: frozenset({SaleState.PROCESSING, SaleState.READY}),
    SaleState.COMPLETED: frozenset({SaleState.PROCESSING, SaleState.READY, SaleState.SHIPPED}),
    SaleState.REFUNDED: frozenset(
        {SaleState.PROCESSING, SaleState.READY, SaleState.SHIPPED, SaleState.COMPLETED}
    ),
}
"""From which states each state is reached; what was paid is cancelled only with all of it given back."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a shop sells. `name` is sealed under the owner's key; `stock` None is without end.

    `rate` is its tax in hundredths of a percent, which the price has in it.
    """

    id: str
    shop: str
    state: ItemState
    name: bytes
    price: Money
    rate: int
    stock: int | None
    created: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """An order; its `id` is the payment's. `paper` is what was ordered, sealed under the owner's key.

    `paid` is when its money arrived, in `year` where the shop is. The database then gives it the `number`
    that follows in the shop's year, as invoices have it.
    """

    id: str
    shop: str
    buyer: str
    state: SaleState
    paper: bytes
    created: datetime
    paid: datetime | None = None
    year: int | None = None
    number: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Taking:
    """So many pieces of an item for an order, at the price (minor units) that its card showed.

    Of these, `refunded` were given back to the buyer, of which `restocked` are in the stock again.
    """

    id: str
    sale: str
    item: str
    pieces: int
    price: int
    state: TakingState = TakingState.OPEN
    refunded: int = 0
    restocked: int = 0
    version: int = 0

    @property
    def left(self) -> int:
        """How many of the pieces were not given back."""
        return self.pieces - self.refunded


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of what is called so."""

    pieces: int
    name: str


def read_wanted(words: str) -> Sequence[Wanted]:
    """Read "2 latte, 1x cake and tea"; two of one name are one. Raises NoSuchItemError."""
    found: dict[str, int] = {}
    for part in _PARTS.split(words):
        read = _WANTED.fullmatch(part.strip())
        if read is None:
            continue
        pieces, name = int(read[1] or 1), as_named(read[2])
        found[name] = found.get(name, 0) + pieces
        if not 1 <= found[name] <= MOST_PIECES:
            raise NoSuchItemError(typed=part.strip()[:40])
    if not found:
        raise NoSuchItemError(typed=words[:40])
    return [Wanted(pieces, name) for name, pieces in found.items()]


def read_page(words: str) -> Wanted:
    """Read "2 <address of an item's page>", or the end of that alone; the name is the item's id.

    Raises NoSuchItemError.
    """
    read = _PAGE.fullmatch(words.strip().strip("<>"))
    pieces = 0 if read is None else int(read[1] or read[3] or 1)
    if read is None or not 1 <= pieces <= MOST_PIECES:
        raise NoSuchItemError(typed=words[:40])
    return Wanted(pieces, read[2].lower())


def as_named(words: str) -> str:
    """How names are compared: in small letters, single spaces."""
    return " ".join(words.casefold().split()).strip("\"'\u201c\u201d")


def is_called(item: str, typed: str) -> bool:
    """Whether an item of this name is meant by what was typed (`as_named`).

    "lattes" means "Latte", and "large latte" means "Latte large".
    """
    name = as_named(item)
    names = {name, f"{name}s", f"{name}es"}
    return typed in names or any(sorted(one.split()) == sorted(typed.split()) for one in names)


def check_left(item: Item, name: str, pieces: int) -> None:
    """Raise SoldOutError unless so many are there."""
    if item.stock is not None and item.stock < pieces:
        raise SoldOutError(name=name, left=item.stock)


def looks_like_order(word: str) -> bool:
    """Whether `word` names an order: by its payment's id, or by its number in the shop's year."""
    return looks_like_payment_id(word) or _NUMBER.fullmatch(word) is not None


def moved(sale: Sale, to: SaleState) -> Sale:
    """The order after the move, or OrderNotPossibleNowError."""
    if sale.state not in SALE_MOVES[to]:
        raise OrderNotPossibleNowError(payment=sale.id)
    return replace(sale, state=to)
