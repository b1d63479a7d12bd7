"""A transfer: what two people agreed to, and the moves that it can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.ids import code_for
from paybridge.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class TransferKind(StrEnum):
    """What the money is moved for."""

    PAY = "pay"
    TOPUP = "topup"
    CASHOUT = "cashout"
    REFUND = "refund"

    @property
    def between_people(self) -> bool:
        """Whether somebody else gets the money; else it moves between one's own accounts."""
        return self in {TransferKind.PAY, TransferKind.REFUND}


class TransferState(StrEnum):
    """Where a transfer stands. Under way and unsure are told from its legs."""

    DRAFTED = "drafted"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    SETTLED = "settled"
    CLAIMABLE = "claimable"
    CLAIMED = "claimed"
    RETURNED = "returned"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REVERSED = "reversed"


class TransferHappening(StrEnum):
    """What can befall a transfer."""

    SHOW = "show"
    APPROVE = "approve"
    CANCEL = "cancel"
    EXPIRE = "expire"
    SETTLE = "settle"
    AWAIT_CLAIM = "await_claim"
    REFUSE = "refuse"
    CLAIM = "claim"
    RETURN = "return"
    REVERSE = "reverse"


TRANSFER_MOVES: Final[Mapping[tuple[TransferState, TransferHappening], TransferState]] = {
    (TransferState.DRAFTED, TransferHappening.SHOW): TransferState.AWAITING_APPROVAL,
    (TransferState.AWAITING_APPROVAL, TransferHappening.APPROVE): TransferState.APPROVED,
    (TransferState.AWAITING_APPROVAL, TransferHappening.CANCEL): TransferState.CANCELLED,
    (TransferState.AWAITING_APPROVAL, TransferHappening.EXPIRE): TransferState.EXPIRED,
    (TransferState.APPROVED, TransferHappening.CANCEL): TransferState.CANCELLED,
    (TransferState.APPROVED, TransferHappening.SETTLE): TransferState.SETTLED,
    (TransferState.APPROVED, TransferHappening.AWAIT_CLAIM): TransferState.CLAIMABLE,
    (TransferState.APPROVED, TransferHappening.REFUSE): TransferState.REFUSED,
    (TransferState.CLAIMABLE, TransferHappening.CLAIM): TransferState.CLAIMED,
    (TransferState.CLAIMABLE, TransferHappening.RETURN): TransferState.RETURNED,
    (TransferState.SETTLED, TransferHappening.REVERSE): TransferState.REVERSED,
    (TransferState.CLAIMABLE, TransferHappening.REVERSE): TransferState.REVERSED,
    (TransferState.CLAIMED, TransferHappening.REVERSE): TransferState.REVERSED,
    (TransferState.RETURNED, TransferHappening.REVERSE): TransferState.REVERSED,
}


class NotPossibleNowError(UserError):
    """The transfer has no such move from where it stands; nothing changes."""

    key = "error.not_possible_now"

    def __init__(self, *, payment: str, state: str, wanted: str) -> None:
        super().__init__(payment=payment, state=state, wanted=wanted)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!status {self._payment}",)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment, topup, cash-out or refund.

    `payer` and `payee` are person ids; the Matrix ids beside them are as people saw them when they agreed.
    `source` is the payer's linked account, or None for the balance; `destination` the account that a cash-out
    goes to, or the payee's that a direct payment does. `note` is sealed. `times` is the "3" of "3 x 12.50". A
    refund names the payment that it gives back (`original`), and that one counts in `refunded`, in minor
    units, how much of it has been given back in all. `approved` is when its payer approved it. `fee` is the
    rail's, `house_fee` what the house takes besides, in minor units. Payments that one card shows together
    share the id of their `bundle`, the nonce, and are approved by its code and no other. `paid_before` is how
    much of the `request` that it answers was paid before it, in minor units. `reminded` is when its payee was
    last reminded that it waits to be claimed.
    """

    id: str
    kind: TransferKind
    state: TransferState
    payer: str
    payer_mxid: str
    payee: str
    payee_mxid: str
    amount: Money
    fee: Money
    room: str
    created: datetime
    expires: datetime
    nonce: str
    source: str | None = None
    destination: str | None = None
    note: bytes | None = None
    times: int | None = None
    request: str | None = None
    original: str | None = None
    refunded: int = 0
    bundle: str | None = None
    reason: str | None = None
    updated: datetime | None = None
    approved: datetime | None = None
    house_fee: int = 0
    paid_before: int = 0
    reminded: datetime | None = None
    version: int = 0

    @property
    def is_direct(self) -> bool:
        """Whether a payee is paid straight into an account of theirs."""
        return self.kind.between_people and self.destination is not None

    @property
    def for_house(self) -> Money:
        """What the house takes for it, besides the rail."""
        return Money(self.house_fee, self.amount.currency)

    @property
    def fees(self) -> Money:
        """What the payer is charged on top: the rail's fee and that of the house."""
        return self.fee + self.for_house

    @property
    def total(self) -> Money:
        """What the payer is charged: amount and fees."""
        return self.amount + self.fees

    @property
    def terms(self) -> str:
        """What is approved: any change of it makes another code."""
        terms = (self.id, self.amount.plain(), self.amount.currency, self.payee, self.payee_mxid)
        money_side = (self.source or "balance", self.destination or "", self.fee.plain(), self.fee.currency)
        house = (self.for_house.plain(),) if self.house_fee else ()
        return "\n".join((*terms, *money_side, *house))

    @property
    def code(self) -> str:
        """The approval code of exactly these terms."""
        return code_for(self.terms, self.nonce)


def advance(transfer: Transfer, happening: TransferHappening, at: datetime) -> Transfer:
    """The transfer after `happening`, or `NotPossibleNowError`; `transfer` itself never changes."""
    to = TRANSFER_MOVES.get((transfer.state, happening))
    if to is None:
        raise NotPossibleNowError(payment=transfer.id, state=transfer.state, wanted=happening)
    approved = at if happening is TransferHappening.APPROVE else transfer.approved
    return replace(transfer, state=to, updated=at, approved=approved)
