"""What the house takes for a payment: a flat part and a share of the amount, between a least and a most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from paybridge.domain.money import Money

WHOLE: Final = 10_000
"""Basis points of a whole."""


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee in one currency. `basis_points` are hundredths of a percent of the amount."""

    flat: Money
    basis_points: int
    least: Money
    most: Money | None

    def of(self, amount: Money) -> Money:
        """The fee for `amount`, which is in the same currency.

        The share is rounded half up to the minor unit, never half to even: 12.5 cents are 13.
        """
        share = (2 * amount.minor * self.basis_points + WHOLE) // (2 * WHOLE)
        fee = max(self.flat + Money(share, amount.currency), self.least)
        return fee if self.most is None else min(fee, self.most)
