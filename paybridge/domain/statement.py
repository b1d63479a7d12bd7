"""A person's statement of a month: what moved their balance, line by line, and what it comes to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class What(StrEnum):
    """What a line is, as the person sees it."""

    SENT = "sent"
    RECEIVED = "received"
    TOPUP = "topup"
    CASHOUT = "cashout"
    REFUND_GIVEN = "refund_given"
    REFUND_RECEIVED = "refund_received"
    CAME_BACK = "came_back"
    TAKEN_BACK = "taken_back"
    LINKED = "linked"


@dataclass(frozen=True, slots=True)
class Booking:
    """A change of a person's balance: the `number`th of its account, by a journal of this kind.

    `change` is signed, `balance` is what was there afterwards.
    """

    number: int
    at: datetime
    kind: str
    transfer: str
    change: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement.

    `amount` is the payment's, signed as the person feels it. `balance` is None for what went straight from
    or to an account of theirs: `change` is nothing then.
    """

    at: datetime
    payment: str
    what: What
    other: str | None
    amount: Money
    change: Money
    balance: Money | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """What all lines of a kind come to: those of the balance, or those `straight` from or to an account."""

    what: What
    straight: bool
    count: int
    sum: Money


@dataclass(frozen=True, slots=True)
class Section:
    """A statement in one currency: `opening` plus all changes is `closing`."""

    currency: str
    opening: Money
    lines: tuple[Line, ...]
    closing: Money

    @property
    def totals(self) -> tuple[Total, ...]:
        """By kind, in the order of the kinds."""
        found: dict[tuple[What, bool], list[Line]] = defaultdict(list)
        for line in self.lines:
            found[line.what, line.balance is None].append(line)
        return tuple(
            Total(what, straight, len(lines), self._sum(lines, straight=straight))
            for what in What
            for straight in (False, True)
            if (lines := found.get((what, straight)))
        )

    def _sum(self, lines: Iterable[Line], *, straight: bool) -> Money:
        return Money(sum((line.amount if straight else line.change).minor for line in lines), self.currency)


def section(currency: str, opening: Money, booked: Sequence[Line], straight: Sequence[Line]) -> Section:
    """Both kinds of lines in the order of time; `booked` are in the order of the account."""
    closing = booked[-1].balance if booked else opening
    assert closing is not None  # a booked line has its balance
    assert opening.minor + sum(line.change.minor for line in booked) == closing.minor
    lines = sorted((*booked, *straight), key=lambda line: line.at)
    return Section(currency, opening, tuple(lines), closing)


def what_of(transfer: Transfer, person: str, booking: Booking | None) -> What:
    """What a transfer, or one booking of it, is to this person."""
    if booking is not None and booking.kind in {"return", "release", "payout"}:
        return What.CAME_BACK
    if booking is not None and booking.kind in {"reversal", "not_twice", "assign"}:
        return What.CAME_BACK if booking.change.is_positive else What.TAKEN_BACK
    pays = transfer.payer == person
    match transfer.kind:
        case TransferKind.TOPUP:
            return What.TOPUP
        case TransferKind.CASHOUT:
            return What.CASHOUT
        case TransferKind.REFUND:
            return What.REFUND_GIVEN if pays else What.REFUND_RECEIVED
        case TransferKind.PAY:
            return What.SENT if pays else What.RECEIVED
