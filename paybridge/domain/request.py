"""A request: one person asks another for money, and the moves that it can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.transfer import NotPossibleNowError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from paybridge.domain.money import Money


class RequestState(StrEnum):
    """Where a request stands; `accepted` while the asked person's payment is open."""

    OPEN = "open"
    ACCEPTED = "accepted"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class RequestHappening(StrEnum):
    """What can befall a request."""

    ACCEPT = "accept"
    REOPEN = "reopen"
    PAY = "pay"
    PAY_PART = "pay_part"
    DECLINE = "decline"
    CANCEL = "cancel"
    EXPIRE = "expire"


REQUEST_MOVES: Final[Mapping[tuple[RequestState, RequestHappening], RequestState]] = {
    (RequestState.OPEN, RequestHappening.ACCEPT): RequestState.ACCEPTED,
    (RequestState.OPEN, RequestHappening.DECLINE): RequestState.DECLINED,
    (RequestState.OPEN, RequestHappening.CANCEL): RequestState.CANCELLED,
    (RequestState.OPEN, RequestHappening.EXPIRE): RequestState.EXPIRED,
    (RequestState.ACCEPTED, RequestHappening.REOPEN): RequestState.OPEN,
    (RequestState.ACCEPTED, RequestHappening.PAY): RequestState.PAID,
    (RequestState.ACCEPTED, RequestHappening.PAY_PART): RequestState.OPEN,
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request for money: `asker` wants `amount` from `asked` (person ids). `note` is sealed.

    `paid` is how much of it was paid so far, in minor units; `transfer` the payment under way. Of a
    `flexible` one the amount is a proposal: who is asked pays once, as much as they wish.
    """

    id: str
    state: RequestState
    asker: str
    asker_mxid: str
    asked: str
    asked_mxid: str
    amount: Money
    room: str
    created: datetime
    expires: datetime
    note: bytes | None = None
    transfer: str | None = None
    reason: bytes | None = None
    reminded: datetime | None = None
    paid: int = 0
    flexible: bool = False
    version: int = 0

    @property
    def left(self) -> Money:
        """How much of it is still to be paid."""
        done = self.flexible and self.paid
        return replace(self.amount, minor=0 if done else self.amount.minor - self.paid)

    @property
    def paid_so_far(self) -> Money:
        """How much of it was paid."""
        return replace(self.amount, minor=self.paid)

    @property
    def shown(self) -> Money:
        """The amount that says most: what is left; when nothing is, what was paid."""
        return self.paid_so_far if self.left.is_zero else self.left

    @property
    def paid_in_part(self) -> bool:
        """Whether some of it was paid and some was not."""
        return self.paid > 0 and not self.left.is_zero


def count(request: Request, part: Money) -> Request:
    """The request after a payment of `part`: open for the rest, or paid.

    `part` is at most what is left; any amount if the request is flexible.
    """
    paid = request.paid + part.minor
    whole = request.flexible or paid == request.amount.minor
    after = advance(request, RequestHappening.PAY if whole else RequestHappening.PAY_PART)
    return replace(after, paid=paid, transfer=request.transfer if whole else None)


def advance(request: Request, happening: RequestHappening) -> Request:
    """The request after `happening`, or `NotPossibleNowError`; `request` itself never changes."""
    to = REQUEST_MOVES.get((request.state, happening))
    if to is None:
        raise NotPossibleNowError(payment=request.id, state=request.state, wanted=happening)
    return replace(request, state=to)
