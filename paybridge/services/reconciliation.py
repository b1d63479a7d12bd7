"""What we booked against what a rail's statement says, order by order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.money import Money
from paybridge.services.rail import StatementLine

NOTHING_MOVED: Final = frozenset({LegState.READY, LegState.REFUSED, LegState.CANCELLED})
"""States of a leg in which the rail must not have moved anything for it."""

MOVED: Final = frozenset({LegState.SETTLED, LegState.REVERSED, LegState.SUSPENDED})
"""States of a leg in which the rail has moved money for it."""


class Match(StrEnum):
    """How an order stands in both books."""

    MATCHED = "matched"
    UNDER_WAY = "under_way"
    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"
    DUPLICATE = "duplicate"

    @property
    def closes_itself(self) -> bool:
        """Whether nobody has to look at it."""
        return self in {Match.MATCHED, Match.UNDER_WAY}


@dataclass(frozen=True, slots=True)
class Compared:
    """One order (by its reference, a leg's id) in one currency.

    `ours` and `theirs` are signed from our side, fees included; None if it is not there. `lines` are the ids
    of the statement's lines.
    """

    reference: str
    match: Match
    ours: Money | None
    theirs: Money | None
    lines: tuple[str, ...] = ()


def compare(legs: Iterable[Leg], lines: Iterable[StatementLine]) -> tuple[Compared, ...]:
    """Every order that the legs of one rail or the lines of its whole statement name, by reference.

    Lines without a reference (an opening balance, interest) are nobody's order and left out.
    """
    ours = {(leg.id, leg.amount.currency): leg for leg in legs}
    theirs: defaultdict[tuple[str, str], list[StatementLine]] = defaultdict(list)
    for line in lines:
        if line.reference is not None:
            theirs[line.reference, line.amount.currency].append(line)
    names = sorted(ours.keys() | theirs.keys())
    return tuple(_compared(name[0], ours.get(name), theirs.get(name, [])) for name in names)


def _compared(reference: str, leg: Leg | None, lines: list[StatementLine]) -> Compared:
    told = tuple(line.id for line in lines)
    moved = _sum(lines)
    if leg is None:
        return Compared(reference, Match.MISSING_HERE, None, moved, told)
    expected = _expected(leg)
    if expected is None:
        nothing = moved is None or moved.is_zero
        match = (
            (Match.MATCHED if nothing else Match.MISSING_HERE)
            if leg.state in NOTHING_MOVED
            else Match.UNDER_WAY
        )
        return Compared(reference, match, None, moved, told)
    if moved is None:
        match = Match.MATCHED if expected.is_zero else Match.MISSING_THERE
    elif moved == expected:
        match = Match.MATCHED
    elif not expected.is_zero and moved.minor % expected.minor == 0 and moved.minor // expected.minor > 1:
        match = Match.DUPLICATE
    else:
        match = Match.AMOUNT_DIFFERS
    return Compared(reference, match, expected, moved, told)


def _expected(leg: Leg) -> Money | None:
    """What a leg moved on our account at the rail in all, fee included; None if it moved nothing."""
    if leg.state not in MOVED:
        return None
    back = Money(leg.taken_back, leg.amount.currency)
    return leg.amount - back if leg.kind is LegKind.COLLECT else back - (leg.amount + leg.fee)


def _sum(lines: list[StatementLine]) -> Money | None:
    if not lines:
        return None
    total = Money.zero(lines[0].amount.currency)
    for line in lines:
        total += line.amount
    return total
