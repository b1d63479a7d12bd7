"""What an approval needs: the rules that hold while a person has no second factor."""

from __future__ import annotations

from dataclasses import dataclass

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferKind


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
class Allowance:
    """What a code alone may approve in all, for a person without a second factor; one currency."""

    each: Money
    total: Money
    count: int


def check_allowance(transfer: Transfer, allowance: Allowance, *, count: int, spent: Money) -> None:
    """Raise unless the code alone may approve this payment.

    `count` and `spent` (amounts without fees) are what the payer approved before. Moving money between one's
    own accounts (topup, cash-out) is exempt (RTS 2018/389 article 15). A payment in another currency than the
    allowance's is never within it.
    """
    if transfer.kind is not TransferKind.PAY:
        return
    if transfer.amount.currency != allowance.each.currency or transfer.amount > allowance.each:
        raise OverTheEachLimitError(most=allowance.each)
    if count >= allowance.count or spent + transfer.amount > allowance.total:
        raise AllowanceUsedUpError(
            total=allowance.total,
            count=allowance.count,
            left=max(allowance.total - spent, Money.zero(allowance.total.currency)),
            left_count=max(allowance.count - count, 0),
        )
