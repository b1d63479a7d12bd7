"""What Stripe says, and what it means for an order of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError

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

INTENT: Final = "pi_"
BANK_ACCOUNT: Final = "ba_"
_HANDLED: Final = re.compile(rf"(?:{INTENT}|{BANK_ACCOUNT})[A-Za-z0-9_]{{1,250}}", re.ASCII)

REFERENCE: Final = "reference"
"""The name under which our reference stands in the metadata of what is Stripe's."""

PAGE: Final = "100"
"""The most that Stripe lists on one page."""

MOST_PAGES: Final = 20
NOT_FOUND: Final = 404
ASK_AGAIN_AFTER: Final = timedelta(seconds=5)

HOLDER_HAS: Final = timedelta(minutes=30)
"""How long after an order was prepared the holder of a card has to say yes on the page of 3-D Secure."""

REFUSALS: Final = frozenset(
    {
        "account_closed",
        "bank_account_declined",
        "bank_account_restricted",
        "bank_account_unusable",
        "card_declined",
        "charge_exceeds_source_limit",
        "debit_not_authorized",
        "expired_card",
        "incorrect_cvc",
        "insufficient_funds",
        "no_account",
        "payment_intent_authentication_failure",
        "payment_intent_payment_attempt_failed",
        "processing_error",
    }
)
"""Codes of a failed attempt (docs.stripe.com/error-codes) after which an intent has charged nothing."""


class _Failed(Said):
    code: str | None = None


class Charge(Said):
    """What an intent charged, and how much of it was given back; amounts are in minor units."""

    id: Id
    amount_refunded: Annotated[int, Field(ge=0, le=10**15)] = 0
    disputed: bool = False


class _Redirect(Said):
    url: Annotated[str, Field(pattern=r"^https?://[!-~]{1,2000}$")]


class _NextAction(Said):
    redirect_to_url: _Redirect | None = None


class Intent(Said):
    """A PaymentIntent; amounts are in minor units."""

    id: Id
    status: str
    amount: Minor
    currency: str
    livemode: bool
    metadata: dict[str, str]
    created: Annotated[int, Field(ge=0, le=10**11)] = 0
    next_action: _NextAction | None = None
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
    def page(self) -> str | None:
        """Where the card's holder says yes or no, if Stripe has such a page for them."""
        redirect = self.next_action.redirect_to_url if self.next_action else None
        return redirect.url if redirect else None

    @property
    def charged(self) -> Charge | None:
        """Its last charge; one that is named by its id alone is fresh, and nothing of it came back yet."""
        told = self.latest_charge
        try:
            return Charge.model_validate({"id": told} if isinstance(told, str) else told)
        except ValidationError:
            return None

    def is_too_old(self, date: datetime) -> bool:
        """Whether its holder's time was over at `date`, by Stripe's own clock."""
        return date - datetime.fromtimestamp(self.created, UTC) > HOLDER_HAS


class Intents(Said):
    """A page of PaymentIntents."""

    data: list[Intent]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Handle:
    """What was ordered, so that any later answer can be compared with it.

    `id` is Stripe's of the PaymentIntent that collects, or of the bank account that a payout goes to.
    """

    id: str
    reference: str
    amount: Money

    @classmethod
    def read(cls, written: str) -> Self:
        """The handle in `written`, or `RailError` if it is none of ours."""
        try:
            ordered, minor, currency, reference = written.split(":", 3)
            amount = Money(int(minor), currency)
        except (ValueError, MoneyError) as error:
            raise RailError(f"{written[:80]!r} is no handle of Stripe's") from error
        if not _HANDLED.fullmatch(ordered):
            raise RailError(f"{written[:80]!r} is no handle of Stripe's")
        return cls(ordered, reference, amount)

    @property
    def pays_out(self) -> bool:
        """Whether it is a payout's."""
        return self.id.startswith(BANK_ACCOUNT)

    def __str__(self) -> str:
        """The handle as it is kept."""
        return f"{self.id}:{self.amount.minor}:{self.amount.currency}:{self.reference}"


def meaning(told: Intent, ordered: Handle | None) -> Outcome:  # noqa: PLR0911  one for each state of an intent
    """What Stripe's word about an order means; anything that does not add up is `Unsure`."""
    if told.livemode:
        return Unsure("the answer is about real money")
    if ordered is not None and (told.id, told.reference) != (ordered.id, ordered.reference):
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
    charged = told.charged
    if charged is None:
        return Unsure("settled without a charge")
    return Settled(charged.id, amount, Money.zero(amount.currency), timedelta(0))
