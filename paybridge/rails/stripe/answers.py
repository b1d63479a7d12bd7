"""What Stripe says, and what it means for an order of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Self

from pydantic import Field

from paybridge.rails._frame import (
    Money,
    MoneyError,
    Outcome,
    Pending,
    Prepared,
    RailError,
    Refused,
    Settled,
    Unsure,
)
from paybridge.rails._http import Said

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,255}$")]
Minor = Annotated[int, Field(ge=-(10**15), le=10**15)]

_INTENT: Final = re.compile(r"pi_[A-Za-z0-9_]{1,250}", re.ASCII)

REFERENCE: Final = "reference"
"""The name under which our reference stands in the metadata of what is Stripe's."""

ASK_AGAIN_AFTER: Final = timedelta(seconds=5)

REFUSALS: Final = frozenset(
    {
        "card_declined",
        "charge_exceeds_source_limit",
        "expired_card",
        "incorrect_cvc",
        "insufficient_funds",
        "payment_intent_authentication_failure",
        "payment_intent_payment_attempt_failed",
        "processing_error",
    }
)
"""Codes of a failed attempt (docs.stripe.com/error-codes) after which an intent has charged nothing."""


class _Failed(Said):
    code: str | None = None


class Intent(Said):
    """A PaymentIntent; amounts are in minor units."""

    id: Id
    status: str
    amount: Minor
    currency: str
    livemode: bool
    metadata: dict[str, str]
    payment_method: str | None = None
    amount_received: Minor | None = None
    latest_charge: str | dict[str, Any] | None = None
    last_payment_error: _Failed | None = None

    @property
    def reference(self) -> str | None:
        """Our reference of the order."""
        return self.metadata.get(REFERENCE)

    @property
    def waits_for_its_payer(self) -> bool:
        """Whether the card wants its holder (3-D Secure) before anything is charged."""
        return self.status == "requires_action"

    @property
    def charge(self) -> str:
        """The id of its last charge, or nothing."""
        charge = self.latest_charge
        found = charge.get("id") if isinstance(charge, dict) else charge
        return found if isinstance(found, str) else ""


class Intents(Said):
    """A page of PaymentIntents."""

    data: list[Intent]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Handle:
    """Stripe's id of an order together with what was ordered, so that any later answer can be compared."""

    intent: str
    reference: str
    amount: Money

    @classmethod
    def read(cls, written: str) -> Self:
        """The handle in `written`, or `RailError` if it is none of ours."""
        try:
            intent, minor, currency, reference = written.split(":", 3)
            amount = Money(int(minor), currency)
        except (ValueError, MoneyError) as error:
            raise RailError(f"{written[:80]!r} is no handle of Stripe's") from error
        if not _INTENT.fullmatch(intent):
            raise RailError(f"{written[:80]!r} is no handle of Stripe's")
        return cls(intent, reference, amount)

    def __str__(self) -> str:
        """The handle as it is kept."""
        return f"{self.intent}:{self.amount.minor}:{self.amount.currency}:{self.reference}"


def meaning(told: Intent, ordered: Handle | None) -> Outcome:  # noqa: PLR0911  one for each state of an intent
    """What Stripe's word about an order means; anything that does not add up is `Unsure`."""
    if told.livemode:
        return Unsure("the answer is about real money")
    if ordered is not None and (told.id, told.reference) != (ordered.intent, ordered.reference):
        return Unsure("the answer is about another order")
    match told.status:
        case "requires_confirmation":
            return Prepared()
        case "processing" | "requires_action":
            return Pending(ASK_AGAIN_AFTER)
        case "canceled":
            return Refused("order_cancelled")
        case "requires_payment_method":
            code = told.last_payment_error.code if told.last_payment_error else None
            return Refused(code) if code in REFUSALS else Unsure(f"failed with the unknown code {code!r}")
        case "succeeded":
            return _settled(told, ordered)
        case _:
            return Unsure(f"unknown status {told.status[:40]!r}")


def _settled(told: Intent, ordered: Handle | None) -> Settled | Unsure:
    received = told.amount if told.amount_received is None else told.amount_received
    try:
        amount = Money(received, told.currency.upper())
    except MoneyError as error:
        return Unsure(str(error))
    if ordered is not None and amount != ordered.amount:
        return Unsure(f"amount differs: ordered {ordered.amount}, settled {amount}")
    if not told.charge:
        return Unsure("settled without a charge")
    return Settled(told.charge, amount, Money.zero(amount.currency), timedelta(0))
