"""An invoice: a request for money with lines, tax and a number; pure and exact arithmetic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.shop import Details, details_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE: Final = 100_00
"""A hundred percent, in hundredths of one, as all rates here are told."""
MOST_LINES: Final = 30
MOST_PIECES: Final = 10_000


class NothingLeftToAskError(UserError):
    """After the discount nothing is left to be paid."""

    key = "error.nothing_left_to_ask"


class TooManyLinesError(UserError):
    """More lines than anybody reads."""

    key = "error.too_many_lines"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class NoTipHereError(UserError):
    """The invoice does not say that a tip may be given."""

    key = "error.no_tip_here"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


class TipTooMuchError(UserError):
    """The tip is more than the invoice: rather a slip than generous."""

    key = "error.tip_too_much"

    def __init__(self, *, tip: Money, total: Money) -> None:
        super().__init__(tip=tip, total=total)


class InvoiceAsAWholeError(UserError):
    """The invoice does not say that it may be paid in parts."""

    key = "error.invoice_as_a_whole"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


@dataclass(frozen=True, slots=True)
class Line:
    """So many `pieces` of something for `each`, tax included, at `rate` (hundredths of a percent)."""

    words: str
    pieces: int
    each: Money
    rate: int

    @property
    def sum(self) -> Money:
        return Money(self.pieces * self.each.minor, self.each.currency)


@dataclass(frozen=True, slots=True)
class TaxSum:
    """What comes together at one rate, after the discount: gross is net and tax."""

    rate: int
    gross: Money
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Bill:
    """What is billed: lines, and a discount on all of them (in percent, or an exact sum, never both)."""

    lines: tuple[Line, ...]
    discount_rate: int = 0
    discount: int = 0

    @property
    def currency(self) -> str:
        return self.lines[0].each.currency

    @property
    def before(self) -> Money:
        """The lines' sum, without the discount."""
        return _sum([line.sum for line in self.lines], self.currency)

    @property
    def reduced_by(self) -> Money:
        """The discount; half a minor unit is rounded up, away from zero."""
        minor = self.discount or _half_up(self.before.minor * self.discount_rate, WHOLE)
        return Money(minor, self.currency)

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return self.before - self.reduced_by

    @property
    def taxes(self) -> tuple[TaxSum, ...]:
        """Per rate, lowest first; together they are the total.

        The discount is shared among the rates in proportion, what does not divide going to the largest
        remainders. Tax is taken out of each rate's gross sum, once, and rounded half up: of each sum, not of
        each line (Directive 2006/112/EC leaves that to the seller).
        """
        rates = sorted({line.rate for line in self.lines})
        sums = [sum(line.sum.minor for line in self.lines if line.rate == rate) for rate in rates]
        off = shared(self.reduced_by.minor, sums)
        return tuple(
            _tax_sum(rate, before - less, self.currency)
            for rate, before, less in zip(rates, sums, off, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Invoice:
    """A numbered invoice; its `id` is that of the request that asks for its total.

    `paper` is all that stands on it, sealed under the key of the shop's owner. `tip` is what was given on
    top, in minor units.
    """

    id: str
    shop: str
    year: int
    number: int
    paper: bytes
    tips: bool
    parts: bool
    tip: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on an invoice, as it was when it was issued."""

    seller: Details
    number: str
    issued: datetime
    bill: Bill

    def to_json(self) -> str:
        lines = [[one.words, one.pieces, one.each.minor, one.rate] for one in self.bill.lines]
        told = {
            "seller": self.seller.to_json(),
            "number": self.number,
            "issued": self.issued.isoformat(),
            "currency": self.bill.currency,
            "lines": lines,
            "discount_rate": self.bill.discount_rate,
            "discount": self.bill.discount,
        }
        return json.dumps(told, ensure_ascii=False)


def paper_from_json(text: str) -> Paper:
    """What `Paper.to_json` wrote."""
    told = json.loads(text)
    lines = tuple(
        Line(words, pieces, Money(each, told["currency"]), rate)
        for words, pieces, each, rate in told["lines"]
    )
    bill = Bill(lines, told["discount_rate"], told["discount"])
    issued = datetime.fromisoformat(told["issued"])
    return Paper(details_from_json(told["seller"]), told["number"], issued, bill)


def check_bill(bill: Bill) -> None:
    """Raise TooManyLinesError or NothingLeftToAskError."""
    if len(bill.lines) > MOST_LINES:
        raise TooManyLinesError(most=MOST_LINES)
    if not bill.total.is_positive:
        raise NothingLeftToAskError


def check_tip(invoice: Invoice, tip: Money, total: Money) -> None:
    """Raise unless so much may be given on top of the `total`."""
    if not invoice.tips:
        raise NoTipHereError(payment=invoice.id)
    if tip.currency != total.currency or tip > total:
        raise TipTooMuchError(tip=tip, total=total)


def part_of(total: Money, rate: int) -> Money:
    """So many hundredths of a percent of it, half a minor unit rounded up."""
    return Money(_half_up(total.minor * rate, WHOLE), total.currency)


def rate_text(rate: int) -> str:
    """A rate as people write it: "7", "19.5"."""
    return f"{rate / 100:g}"


def tax_in(gross: Money, rate: int) -> Money:
    """The tax in a sum at `rate` (hundredths of a percent), rounded half up, of whatever sign."""
    tax = _half_up(abs(gross.minor) * rate, WHOLE + rate)
    return Money(tax if gross.is_positive else -tax, gross.currency)


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` divided in proportion to `weights`, exactly: what is left goes to the largest remainders.

    Of equal remainders the first one comes first. All weights are positive; no share is more than its weight
    if `amount` is not more than all of them.
    """
    whole = sum(weights)
    shares = [amount * weight // whole for weight in weights]
    rest = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % whole), at))
    for at in rest[: amount - sum(shares)]:
        shares[at] += 1
    return shares


def _tax_sum(rate: int, gross: int, currency: str) -> TaxSum:
    whole = Money(gross, currency)
    tax = tax_in(whole, rate)
    return TaxSum(rate, whole, whole - tax, tax)


def _half_up(above: int, below: int) -> int:
    """The fraction of two positive whole numbers, rounded; half a unit goes up."""
    return (2 * above + below) // (2 * below)


def _sum(moneys: Sequence[Money], currency: str) -> Money:
    return sum(moneys, Money.zero(currency))
