"""What an approval needs: the rules that hold while a person has no second factor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paybridge.domain.bundle import Card, parts_of
from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.factor import Factor


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

    def lines(self) -> tuple[str, ...]:
        return ("!mfa on",)


class FactorNeededError(UserError):
    """The second factor must approve this."""

    key = "error.factor_needed"

    def __init__(self, *, code: str) -> None:
        super().__init__()
        self._code = code

    def lines(self) -> tuple[str, ...]:
        return (f"!confirm {self._code} 123456",)


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


def check_allowance(card: Card, allowance: Allowance, *, count: int, spent: Money) -> None:
    """Raise unless the code alone may approve this card; payments that one code approves count together.

    `count` is how many payments the payer approved before, `spent` the sum of those in this currency, without
    fees. Moving money between one's own accounts (topup, cash-out) is exempt (RTS 2018/389 article 15). A
    payment in a currency that the allowance does not name is never within it.
    """
    if card.kind is not TransferKind.PAY:
        return
    most = allowance.most_in(card.amount.currency)
    if most is None or card.amount > most.each:
        raise OverTheEachLimitError(most=allowance.each if most is None else most.each)
    if count + len(parts_of(card)) > allowance.count or spent + card.amount > most.total:
        raise AllowanceUsedUpError(
            total=most.total,
            count=allowance.count,
            left=max(most.total - spent, Money.zero(most.total.currency)),
            left_count=max(allowance.count - count, 0),
        )


def needs_factor(
    card: Card, allowance: Allowance, factor: Factor, *, known_payees: bool, device: str | None
) -> bool:
    """Whether a person with a second factor must approve this with it (RTS 2018/389 articles 15 and 16).

    Money that comes in, or goes back to whoever paid it, needs none. What goes out to an account always does.
    A payment does unless it is of low value, by itself and with all that were approved without the factor
    since it was last given, to somebody who was paid before, from a device that has given it (`device` None:
    not known yet). Low value is counted in the usual currency alone. Payments on one card are of low value if
    they are so together, and each payee must have been paid before.
    """
    match card.kind:
        case TransferKind.TOPUP | TransferKind.REFUND:
            return False
        case TransferKind.CASHOUT:
            return True
        case TransferKind.PAY:
            spent = Money(factor.light_sum, allowance.total.currency)
            small = card.amount.currency == allowance.each.currency and card.amount <= allowance.each
            few = factor.light_count + len(parts_of(card)) <= allowance.count
            low = small and few and spent + card.amount <= allowance.total
            return not (low and known_payees and (device is None or device in factor.devices))
