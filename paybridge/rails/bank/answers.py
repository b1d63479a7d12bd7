"""What the bank's answers say, and what they mean for an order of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import Field

from paybridge.rails._frame import (
    Money,
    MoneyError,
    Outcome,
    PayeeMatch,
    Pending,
    Prepared,
    RailError,
    Refused,
    Reversed,
    Settled,
    Unsure,
)
from paybridge.rails._http import Said

Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Text = Annotated[str, Field(max_length=200)]
Minor = Annotated[int, Field(ge=-(10**15), le=10**15)]

ASK_AGAIN_AFTER: Final = timedelta(seconds=2)
LATEST_LOOK: Final = timedelta(minutes=5)
"""However long a bank is closed, it is asked this often: its hours may change, and webhooks get lost."""

LIMITS: Final = frozenset({"daily_limit", "night_limit"})
"""The codes of limits on what an account sends."""

REFUSALS: Final = LIMITS | {"insufficient_funds", "account_closed", "fee_over_cap", "link_not_verified"}
"""The codes under which a refused order moved no money. Any other one is not ours to interpret."""


class About(Said):
    """Who the bank says that it is."""

    sandbox: bool
    idempotency_window_seconds: Annotated[int, Field(ge=0, le=10 * 366 * 86_400)]


class LinkTold(Said):
    """A link that was just made."""

    id: Token
    masked: Text
    state: str


class CheckTold(Said):
    """What checking a holder's name says."""

    result: Annotated[PayeeMatch, Field(strict=False)]
    name: Text | None


class QuoteTold(Said):
    """What an order would cost, in minor units of its own currency."""

    fee: Minor
    highest_fee: Minor


class OrderTold(Said):
    """An order and where it stands; amounts are in minor units."""

    id: Token
    reference: str
    state: str
    code: Text | None
    amount: Minor
    currency: str
    fee: Minor
    remote_id: Text | None
    settles_in: Annotated[float, Field(ge=0, le=10**9)] | None = None
    """Of a pending order: seconds until it settles, by the bank's own clock."""


class EntryTold(Said):
    """One entry of our settlement account."""

    id: Text
    reference: Text | None
    amount: Minor
    currency: str
    at: Annotated[datetime, Field(strict=False)]


class StatementTold(Said):
    """A page of entries, oldest first, the cursor behind the last, and what our accounts hold by currency."""

    entries: list[EntryTold]
    next: Text
    balances: dict[Text, Minor]


@dataclass(frozen=True, slots=True)
class Handle:
    """The bank's id of an order together with what was ordered, so that any later answer can be compared."""

    order: str
    amount: Money

    @classmethod
    def read(cls, written: str) -> Self:
        """The handle in `written`, or `RailError` if it is none of ours."""
        try:
            order, minor, currency = written.split(":")
            return cls(order, Money(int(minor), currency))
        except (ValueError, MoneyError) as error:
            raise RailError(f"{written[:80]!r} is no handle of the bank") from error

    def __str__(self) -> str:
        """The handle as it is kept."""
        return f"{self.order}:{self.amount.minor}:{self.amount.currency}"


def meaning(  # noqa: PLR0911  one answer for each state that the bank knows
    told: OrderTold, took: timedelta | None, ordered: Handle | None, fee_cap: Money | None
) -> Outcome:
    """What the bank's word about an order means; anything that does not add up is `Unsure`."""
    if ordered is not None and told.id != ordered.order:
        return Unsure("the answer is about another order")
    match told.state:
        case "prepared":
            return Prepared()
        case "pending":
            return Pending(_next_look(told.settles_in))
        case "cancelled" | "expired":
            return Refused(f"order_{told.state}")
        case "refused" if told.code in REFUSALS:
            return Refused(told.code)
        case "refused":
            return Unsure(f"refused with the unknown code {told.code!r}")
        case "settled":
            return _settled(told, took, ordered, fee_cap)
        case "reversed":
            return _reversed(_settled(told, took, ordered, fee_cap))
        case _:
            return Unsure(f"unknown state {told.state[:40]!r}")


def _reversed(settled: Settled | Unsure) -> Outcome:
    """The bank takes back all or nothing, and keeps its fee."""
    if not isinstance(settled, Settled):
        return settled
    return Reversed(settled.remote_id, settled.amount, settled.fee)


def _next_look(settles_in: float | None) -> timedelta:
    expected = timedelta(seconds=settles_in or 0)
    return min(max(expected, ASK_AGAIN_AFTER), LATEST_LOOK)


def _settled(
    told: OrderTold, took: timedelta | None, ordered: Handle | None, fee_cap: Money | None
) -> Settled | Unsure:
    try:
        amount, fee = Money(told.amount, told.currency), Money(told.fee, told.currency)
    except MoneyError as error:
        return Unsure(str(error))
    if ordered is not None and amount != ordered.amount:
        return Unsure(f"amount differs: ordered {ordered.amount}, settled {amount}")
    if fee.is_negative or (fee_cap is not None and fee > fee_cap):
        return Unsure(f"fee differs: at most {fee_cap}, taken {fee}")
    if not told.remote_id:
        return Unsure("settled without an id")
    return Settled(told.remote_id, amount, fee, took)
