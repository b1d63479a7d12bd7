"""A split: one person paid for several, and each of the others is asked for a share; pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WHOLE: Final = 100_00
"""A hundred percent, in hundredths of one."""


class SplitTooMuchError(UserError):
    """The shares come to more than the sum."""

    key = "error.split_too_much"

    def __init__(self, *, over: Money, total: Money) -> None:
        super().__init__(over=over, total=total)


class SplitTooLittleError(UserError):
    """The shares come to less than the sum, and nobody carries the rest."""

    key = "error.split_too_little"

    def __init__(self, *, missing: Money, total: Money) -> None:
        super().__init__(missing=missing, total=total)


class ShareTooSmallError(UserError):
    """Somebody's share would be nothing."""

    key = "error.share_too_small"

    def __init__(self, *, total: Money) -> None:
        super().__init__(total=total)


class How(StrEnum):
    """How a share is measured: by so many equal parts of what is left, in percent of all, or exactly."""

    PARTS = "parts"
    PERCENT = "percent"
    EXACT = "exact"


class SplitState(StrEnum):
    """Where a split stands; `settled` once nobody owes a share."""

    OPEN = "open"
    SETTLED = "settled"
    CLOSED = "closed"


class ShareState(StrEnum):
    """What is done about a share: carried by who paid, asked for by a request, had in cash, or left out."""

    OWN = "own"
    ASKED = "asked"
    CASH = "cash"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody's share was said to be.

    `weight` counts parts, hundredths of a percent or minor units, as `how` says.
    """

    mxid: str
    how: How = How.PARTS
    weight: int = 1
    own: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Somebody's part of the sum; `odd` if it is one minor unit more than it would be rounded down."""

    amount: Money
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """One sum that `payer` (person id) paid for others in a room. `note` is sealed.

    With a `trip` (its id), it is what `payer` gets from the others when that is settled.
    """

    id: str
    state: SplitState
    payer: str
    payer_mxid: str
    amount: Money
    room: str
    created: datetime
    note: bytes | None = None
    reminded: datetime | None = None
    trip: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """One person's share of a split, and the request by which they are asked for it."""

    id: str
    split: str
    person: str
    mxid: str
    how: How
    weight: int
    amount: Money
    state: ShareState
    odd: bool = False
    request: str | None = None
    version: int = 0


def divide(total: Money, wanted: Sequence[Wanted]) -> tuple[Piece, ...]:
    """Everybody's part of `total`, in the order of `wanted`; together exactly that.

    Exact and percent shares come first, the rest goes to the others by their parts. What does not divide goes
    in single minor units to the largest remainders; where these are equal to whoever paid, then by Matrix id:
    in whichever order people are named, the parts are the same.

    Raises `SplitTooMuchError`, `SplitTooLittleError` or `ShareTooSmallError`.
    """
    fair = sorted(range(len(wanted)), key=lambda place: (not wanted[place].own, wanted[place].mxid))
    pieces = {
        place: Piece(Money(wanted[place].weight, total.currency)) for place in _of(wanted, fair, How.EXACT)
    }
    percents = _of(wanted, fair, How.PERCENT)
    weights = [wanted[place].weight for place in percents]
    if sum(weights) > WHOLE:
        raise SplitTooMuchError(over=_percent(total, sum(weights) - WHOLE), total=total)
    if percents:
        for place, amount in zip(percents, total.split([*weights, WHOLE - sum(weights)]), strict=False):
            pieces[place] = Piece(amount)
    left = total.minor - sum(piece.amount.minor for piece in pieces.values())
    sharing = _of(wanted, fair, How.PARTS)
    if left < 0:
        raise SplitTooMuchError(over=Money(-left, total.currency), total=total)
    if not sharing and left:
        raise SplitTooLittleError(missing=Money(left, total.currency), total=total)
    if sharing:
        pieces |= _rest(Money(left, total.currency), sharing, wanted)
    if any(pieces[place].amount.is_zero and not one.own for place, one in enumerate(wanted)):
        raise ShareTooSmallError(total=total)
    return tuple(pieces[place] for place in range(len(wanted)))


def wanted_again(shares: Sequence[Share], kept: Sequence[str]) -> tuple[Wanted, ...]:
    """What the shares are when the sum changes: those `kept` (ids) as they are, the others as they were said.

    Percents and parts do not compare once some are paid: then each weighs what it was.
    """
    loose = [share for share in shares if share.id not in kept]
    as_parts = all(share.how is not How.PERCENT for share in loose)
    return tuple(
        Wanted(share.mxid, How.EXACT, share.amount.minor, own)
        if share.id in kept
        else Wanted(share.mxid, share.how, share.weight, own)
        if as_parts or share.how is How.EXACT
        else Wanted(share.mxid, How.PARTS, share.amount.minor, own)
        for share, own in ((share, share.state is ShareState.OWN) for share in shares)
    )


def with_piece(share: Share, piece: Piece) -> Share:
    """The share with its new amount."""
    return replace(share, amount=piece.amount, odd=piece.odd)


def _of(wanted: Sequence[Wanted], order: Sequence[int], how: How) -> list[int]:
    return [place for place in order if wanted[place].how is how]


def _rest(left: Money, sharing: Sequence[int], wanted: Sequence[Wanted]) -> dict[int, Piece]:
    weights = [wanted[place].weight for place in sharing]
    amounts, whole = left.split(weights), sum(weights)
    return {
        place: Piece(amount, odd=amount.minor * whole > left.minor * weight)
        for place, amount, weight in zip(sharing, amounts, weights, strict=True)
    }


def _percent(total: Money, hundredths: int) -> Money:
    return Money(max(total.minor * hundredths // WHOLE, 1), total.currency)
