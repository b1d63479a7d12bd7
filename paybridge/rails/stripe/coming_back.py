"""What came back of a charge: refunds, and disputes for which Stripe has taken the money."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from paybridge.rails._frame import Money, Outcome, Reversed, Settled, Unsure
from paybridge.rails._http import Said
from paybridge.rails.stripe.answers import Charge
from paybridge.rails.stripe.client import StripeClient

TAKEN: Final = frozenset({"needs_response", "under_review", "lost"})
"""States of a dispute in which its amount has left our balance (docs.stripe.com/api/disputes)."""

NOT_TAKEN: Final = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "won", "prevented"}
)
"""States of one that took nothing, or gave it back."""


class _Dispute(Said):
    charge: str
    amount: Annotated[int, Field(gt=0, le=10**15)]
    status: str
    livemode: bool


class _Disputes(Said):
    data: list[_Dispute]
    has_more: bool


async def with_what_came_back(stripe: StripeClient, settled: Settled, charged: Charge) -> Outcome:
    """`settled`, or how much of it came back since.

    `LostTrackError`, `NotSentError` or `ThrottledError` if the disputes of the charge could not be asked for.
    """
    back = charged.amount_refunded
    if charged.disputed:
        told = (await stripe.get("/v1/disputes", {"charge": charged.id, "limit": "100"})).read(_Disputes)
        if told.has_more or not all(
            one.charge == charged.id and one.status in TAKEN | NOT_TAKEN and not one.livemode
            for one in told.data
        ):
            return Unsure("its disputes cannot be told")
        back += sum(one.amount for one in told.data if one.status in TAKEN)
    if back > settled.amount.minor:
        return Unsure("more came back than was charged")
    return Reversed(settled.remote_id, Money(back, settled.amount.currency)) if back else settled
