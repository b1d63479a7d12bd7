"""A leg: one order to one rail, or one booking in our own ledger, and the moves that it can make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain import ledger
from paybridge.domain.ledger import Journal, Line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from paybridge.domain.money import Money


class LegKind(StrEnum):
    """Which way the money goes."""

    COLLECT = "collect"  # from the payer's account at a rail to us
    BOOK = "book"  # within our ledger
    PAYOUT = "payout"  # from us to an account at a rail
    DIRECT = "direct"  # from the payer's account at a rail to the payee's, past us


class LegState(StrEnum):
    """Where a leg stands."""

    READY = "ready"
    RESERVED = "reserved"
    PREPARED = "prepared"
    EXECUTING = "executing"
    SETTLED = "settled"
    REFUSED = "refused"
    UNSURE = "unsure"
    CANCELLED = "cancelled"
    REVERSED = "reversed"  # the rail took back later what it had moved
    SUSPENDED = "suspended"  # the rail moved it after all, when it was given up: somebody must decide


class LegHappening(StrEnum):
    """What can befall a leg."""

    RESERVE = "reserve"
    PREPARE = "prepare"
    EXECUTE = "execute"
    SETTLE = "settle"
    REFUSE = "refuse"
    LOSE_TRACK = "lose_track"
    RESUME = "resume"
    BOOK = "book"
    CANCEL = "cancel"
    REVERSE = "reverse"
    SUCCEED_LATE = "succeed_late"


class LegEffect(StrEnum):
    """What a move does to the ledger."""

    NOTHING = "nothing"
    HOLD = "hold"
    PAY = "pay"
    RELEASE = "release"
    TAKE_BACK = "take_back"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class LegMove:
    """The state that a happening leads to, and its effect on the ledger."""

    to: LegState
    effect: LegEffect


_NOTHING, _HOLD, _PAY, _RELEASE = LegEffect.NOTHING, LegEffect.HOLD, LegEffect.PAY, LegEffect.RELEASE

LEG_MOVES: Final[Mapping[tuple[LegState, LegHappening], LegMove]] = {
    (LegState.READY, LegHappening.RESERVE): LegMove(LegState.RESERVED, _HOLD),
    (LegState.READY, LegHappening.BOOK): LegMove(LegState.SETTLED, _PAY),
    (LegState.READY, LegHappening.CANCEL): LegMove(LegState.CANCELLED, _NOTHING),
    (LegState.RESERVED, LegHappening.PREPARE): LegMove(LegState.PREPARED, _NOTHING),
    (LegState.RESERVED, LegHappening.REFUSE): LegMove(LegState.REFUSED, _RELEASE),
    (LegState.PREPARED, LegHappening.EXECUTE): LegMove(LegState.EXECUTING, _NOTHING),
    (LegState.PREPARED, LegHappening.REFUSE): LegMove(LegState.REFUSED, _RELEASE),
    (LegState.EXECUTING, LegHappening.SETTLE): LegMove(LegState.SETTLED, _PAY),
    (LegState.EXECUTING, LegHappening.REFUSE): LegMove(LegState.REFUSED, _RELEASE),
    (LegState.EXECUTING, LegHappening.LOSE_TRACK): LegMove(LegState.UNSURE, _NOTHING),
    (LegState.UNSURE, LegHappening.SETTLE): LegMove(LegState.SETTLED, _PAY),
    (LegState.UNSURE, LegHappening.REFUSE): LegMove(LegState.REFUSED, _RELEASE),
    (LegState.UNSURE, LegHappening.RESUME): LegMove(LegState.EXECUTING, _NOTHING),
    (LegState.SETTLED, LegHappening.REVERSE): LegMove(LegState.REVERSED, LegEffect.TAKE_BACK),
    (LegState.REFUSED, LegHappening.SUCCEED_LATE): LegMove(LegState.SUSPENDED, LegEffect.SUSPEND),
}

ENDED_AT_A_RAIL: Final = frozenset({LegState.SETTLED, LegState.REFUSED})
"""States in which a leg is over unless its rail says otherwise later."""

OPEN_LEG_STATES: Final = frozenset(
    {LegState.READY, LegState.RESERVED, LegState.PREPARED, LegState.EXECUTING, LegState.UNSURE}
)


class InvalidLegMoveError(Exception):
    """The table of moves has no such arrow; the leg is unchanged."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a transfer.

    `owner` is the person whose money it is, `link` their linked account at the rail, `handle` what the
    rail answered to prepare, `key` the idempotency key that execute is always called with. `fee` is what the
    rail takes (of a book leg the house), `highest_fee` the most that it may. `due` is when the courier or the
    reconciler looks at it next; of a leg that is over, when the rail is asked whether it still says so.
    `destination` is the ledger account that a book leg pays into, of person `to`; `to_link` the account at
    the rail that a direct leg pays. `taken_back` is how much of what had settled the rail has reversed, in
    minor units.
    """

    id: str
    transfer: str
    number: int
    kind: LegKind
    state: LegState
    rail: str
    owner: str
    amount: Money
    fee: Money
    highest_fee: Money
    link: str | None = None
    to: str | None = None
    to_link: str | None = None
    to_claim: bool = False
    handle: str | None = None
    remote_id: str | None = None
    code: str | None = None
    attempts: int = 0
    taken_back: int = 0
    due: datetime | None = None
    version: int = 0

    @property
    def key(self) -> str:
        """The one idempotency key of this leg; a leg is never retried under another."""
        return f"paybridge-{self.id}"

    @property
    def reserve(self) -> Money:
        """What must be set aside: amount plus the highest fee."""
        return self.amount + self.highest_fee


def advance(leg: Leg, happening: LegHappening) -> tuple[Leg, LegEffect]:
    """The leg after `happening` and what the ledger must do, or `InvalidLegMoveError`; `leg` is unchanged."""
    found = LEG_MOVES.get((leg.state, happening))
    book_only = happening is LegHappening.BOOK
    if found is None or (
        happening is not LegHappening.CANCEL and book_only is not (leg.kind is LegKind.BOOK)
    ):
        message = f"{leg.id}: {leg.state} cannot {happening}"
        raise InvalidLegMoveError(message)
    return replace(leg, state=found.to), found.effect


def journals(leg: Leg, effect: LegEffect, *, held_before: bool) -> tuple[Journal, ...]:
    """The journals of `effect` on `leg`, whose fee is already what the rail reported.

    A collect has nothing of ours to hold: the payer's money is still at the rail. A direct leg has nothing of
    ours at all. `held_before` says that a
    book leg spends money that a collect has brought in, not the payer's balance.
    """
    match leg.kind, effect:
        case LegKind.COLLECT, LegEffect.PAY:
            return (_move(leg, "collect", leg.amount, ledger.clearing(leg.rail), ledger.held(leg.owner)),)
        case LegKind.BOOK, LegEffect.PAY:
            assert leg.to is not None  # a book leg is made with its payee
            taker = ledger.claimable(leg.to) if leg.to_claim else ledger.person(leg.to)
            giver = ledger.held(leg.owner) if held_before else ledger.person(leg.owner)
            return () if giver == taker else (_booked(leg, giver, taker),)
        case LegKind.PAYOUT, LegEffect.HOLD | LegEffect.RELEASE:
            own, held = ledger.person(leg.owner), ledger.held(leg.owner)
            giver, taker = (own, held) if effect is LegEffect.HOLD else (held, own)
            return (_move(leg, effect.value, leg.reserve, giver, taker),)
        case LegKind.PAYOUT, LegEffect.PAY:
            return (_paid_out(leg),)
        case LegKind.COLLECT | LegKind.PAYOUT, LegEffect.SUSPEND:
            return (_suspended(leg),)
        case _:
            return ()


def _move(leg: Leg, kind: str, amount: Money, giver: ledger.Account, taker: ledger.Account) -> Journal:
    return ledger.move(f"{leg.id}/{kind}", kind, leg.transfer, amount, giver=giver, taker=taker)


def _booked(leg: Leg, giver: ledger.Account, taker: ledger.Account) -> Journal:
    """The payee gets the amount; what the house takes comes on top, in the same journal."""
    lines = [Line(giver, -leg.amount - leg.fee), Line(taker, leg.amount)]
    if leg.fee.is_positive:
        lines.append(Line(ledger.house(), leg.fee))
    return Journal(f"{leg.id}/book", "book", leg.transfer, tuple(lines))


def _suspended(leg: Leg) -> Journal:
    """The rail moved it and nobody is due: what it collected is not anybody's, what it paid out is gone."""
    outside, nobody = ledger.clearing(leg.rail), ledger.suspense(leg.rail)
    if leg.kind is LegKind.COLLECT:
        return _move(leg, "suspend", leg.amount, outside, nobody)
    return _move(leg, "suspend", leg.amount + leg.fee, nobody, outside)


def _paid_out(leg: Leg) -> Journal:
    spent = leg.amount + leg.fee
    left = leg.reserve - spent
    lines = [Line(ledger.held(leg.owner), -leg.reserve), Line(ledger.clearing(leg.rail), spent)]
    if not left.is_zero:
        lines.append(Line(ledger.person(leg.owner), left))
    return Journal(f"{leg.id}/payout", "payout", leg.transfer, tuple(lines))
