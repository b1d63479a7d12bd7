"""What an approval needs: the rules that hold while a person has no second factor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferKind

if TYPE_CHECKING:
    from collections.abc import Mapping


class OverTheEachLimitError(UserError):
    """More than one payment may be without a second factor."""

    key = "error.over_the_each_limit"

    def __init__(self, *, most: Money) -> None:
        super().__init__(most=most)
        self.most = most


class AllowanceUsedUpError(UserError):
    """The sum or the number of payments without a second factor is used up."""

    key = "error.allowance_used_up"

    def __init__(self, *, total: Money, count: int, left: Money, left_count: int) -> None:
        super().__init__(total=total, count=count, left=left, left_count=left_count)


@dataclass(frozen=True, slots=True)
class Most:
    """The most of one payment, and of all together, in one currency."""

    each: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a code alone may approve in all, for a person without a second factor.

    `each` and `total` are in the usual currency. `others` has those of other currencies, which come on top,
    each for itself; `count` counts the payments in all of them.
    """

    each: Money
    total: Money
    count: int
    others: Mapping[str, Most] = field(default_factory=dict)

    def most_in(self, currency: str) -> Most | None:
        """What holds for this currency; None if nothing in it may be approved by a code alone."""
        usual = Most(self.each, self.total)
        return usual if currency == self.each.currency else self.others.get(currency)


def check_allowance(transfer: Transfer, allowance: Allowance, *, count: int, spent: Money) -> None:
    """Raise unless the code alone may approve this payment.

    `count` is how many payments the payer approved before, `spent` the sum of those in this currency, without
    fees. Moving money between one's own accounts (topup, cash-out) is exempt (RTS 2018/389 article 15). A
    payment in a currency that the allowance does not name is never within it.
    """
    if transfer.kind is not TransferKind.PAY:
        return
    most = allowance.most_in(transfer.amount.currency)
    if most is None or transfer.amount > most.each:
        raise OverTheEachLimitError(most=allowance.each if most is None else most.each)
    if count >= allowance.count or spent + transfer.amount > most.total:
        raise AllowanceUsedUpError(
            total=most.total,
            count=allowance.count,
            left=max(most.total - spent, Money.zero(most.total.currency)),
            left_count=max(allowance.count - count, 0),
        )
