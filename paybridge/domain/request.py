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
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request for money: `asker` wants `amount` from `asked` (person ids). `note` is sealed."""

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
    version: int = 0


def advance(request: Request, happening: RequestHappening) -> Request:
    """The request after `happening`, or `NotPossibleNowError`; `request` itself never changes."""
    to = REQUEST_MOVES.get((request.state, happening))
    if to is None:
        raise NotPossibleNowError(payment=request.id, state=request.state, wanted=happening)
    return replace(request, state=to)
