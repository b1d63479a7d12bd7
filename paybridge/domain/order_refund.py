"""What is given back of an order: which pieces, how much money, and the tax in it; pure and exact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.invoice import Bill, TaxSum
from paybridge.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.sale import Taking


class NotInOrderError(UserError):
    """Nothing in the order is called so."""

    key = "error.not_in_order"

    def __init__(self, *, typed: str, payment: str) -> None:
        super().__init__(typed=typed, payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!order {self._payment}",)


class MoreThanOrderedError(UserError):
    """More pieces are to be given back than are left of the order's line."""

    key = "error.more_than_ordered"

    def __init__(self, *, name: str, left: int, payment: str) -> None:
        super().__init__(name=name, left=left, payment=payment)


@dataclass(frozen=True, slots=True)
class SaleRefund:
    """A refund (its `id` is the transfer's) of an order, asked for by `actor`, a person of the shop.

    Approved, it puts its pieces back into the stock if it `restocks`, and ends the order as cancelled if it
    `cancels`.
    """

    id: str
    sale: str
    actor: str
    restocks: bool
    cancels: bool
    version: int = 0


@dataclass(frozen=True, slots=True)
class RefundLine:
    """So many pieces of one line (`taking`) that a refund gives back."""

    id: str
    refund: str
    taking: str
    pieces: int
    version: int = 0


def given_back(taking: Taking, line: RefundLine, name: str, *, restocks: bool) -> Taking:
    """The line after the refund, or MoreThanOrderedError."""
    if line.pieces > taking.left:
        raise MoreThanOrderedError(name=name, left=taking.left, payment=taking.sale)
    back = line.pieces if restocks else 0
    return replace(taking, refunded=taking.refunded + line.pieces, restocked=taking.restocked + back)


def taxes_back(bill: Bill, before: Mapping[int, int], now: Mapping[int, int]) -> Sequence[TaxSum]:
    """The taxes, per rate, of giving back `now` (pieces by place of the line) after what was `before`.

    All refunds of a bill without discount, however they are cut, together have exactly its taxes: each is
    what the sum of all so far has more than the one before it.
    """
    after = {at: before.get(at, 0) + now.get(at, 0) for at in {*before, *now}}
    old = {one.rate: one for one in _taxes(bill, before)}
    return [_less(one, old.get(one.rate)) for one in _taxes(bill, after) if one != old.get(one.rate)]


def _taxes(bill: Bill, pieces: Mapping[int, int]) -> Sequence[TaxSum]:
    lines = tuple(replace(bill.lines[at], pieces=count) for at, count in sorted(pieces.items()) if count)
    return Bill(lines).taxes if lines else ()


def _less(all_of_it: TaxSum, before: TaxSum | None) -> TaxSum:
    if before is None:
        return all_of_it
    currency = all_of_it.gross.currency
    return TaxSum(
        all_of_it.rate,
        all_of_it.gross - before.gross,
        Money(all_of_it.net.minor - before.net.minor, currency),
        all_of_it.tax - before.tax,
    )
