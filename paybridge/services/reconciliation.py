"""What we booked against what a rail's statement says, order by order."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.money import Money
from paybridge.services.rail import StatementLine

NOTHING_MOVED: Final = frozenset({LegState.READY, LegState.REFUSED, LegState.CANCELLED})
"""States of a leg in which the rail must not have moved anything for it."""

MOVED: Final = frozenset({LegState.SETTLED, LegState.REVERSED, LegState.SUSPENDED})
"""States of a leg in which the rail has moved money for it."""

SAME_TIME: Final = timedelta(days=2)
"""How long after an order was made a line without any reference may still be taken for it."""


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

    @property
    def code(self) -> str:
        """As `code_of`."""
        return code_of(self.reference, self.match, self.ours, self.theirs)


def code_of(reference: str, match: Match, ours: Money | None, theirs: Money | None) -> str:
    """Ten hex digits by which an operator names a difference; it has others once anything of it changes."""
    told = "|".join((reference, match.value, str(ours), str(theirs)))
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def compare(
    legs: Iterable[Leg], lines: Iterable[StatementLine], began: Mapping[str, datetime] | None = None
) -> tuple[Compared, ...]:
    """Every order that the legs of one rail or the lines of its statement name, by reference.

    A line is a leg's by the rail's own id of the order or by our reference. One that names no order is the
    leg's that lacks a line, if it alone is of that amount and time (`began` says when the legs were made).
    Any other such line (an opening balance, interest) is nobody's and left out.
    """
    ours = {(leg.id, leg.amount.currency): leg for leg in legs}
    theirs = _by_order(ours, lines, began or {})
    names = sorted(ours.keys() | theirs.keys())
    return tuple(_compared(name[0], ours.get(name), theirs.get(name, [])) for name in names)


_Name = tuple[str, str]


def _by_order(
    ours: Mapping[_Name, Leg], lines: Iterable[StatementLine], began: Mapping[str, datetime]
) -> Mapping[_Name, list[StatementLine]]:
    remote = {leg.remote_id: leg.id for leg in ours.values() if leg.remote_id is not None}
    theirs: defaultdict[_Name, list[StatementLine]] = defaultdict(list)
    nameless: list[StatementLine] = []
    for line in lines:
        order = remote.get(line.id) or remote.get(line.reference or "") or line.reference
        if order is None:
            nameless.append(line)
        else:
            theirs[order, line.amount.currency].append(line)
    for name, line in _by_amount_and_time(ours, theirs, nameless, began):
        theirs[name].append(line)
    return theirs


def _by_amount_and_time(
    ours: Mapping[_Name, Leg],
    theirs: Mapping[_Name, Sequence[StatementLine]],
    nameless: Sequence[StatementLine],
    began: Mapping[str, datetime],
) -> list[tuple[_Name, StatementLine]]:
    """Only pairs of which neither side fits anything else."""
    pairs = [
        (name, line)
        for name, leg in ours.items()
        if name not in theirs and leg.id in began and (expected := _expected(leg)) is not None
        for line in nameless
        if line.amount == expected and began[leg.id] <= line.at <= began[leg.id] + SAME_TIME
    ]
    of_name, of_line = Counter(name for name, _ in pairs), Counter(line.id for _, line in pairs)
    return [(name, line) for name, line in pairs if of_name[name] == of_line[line.id] == 1]


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
    if leg.kind is LegKind.DIRECT:
        return Money.zero(leg.amount.currency)  # it went past our account
    back = Money(leg.taken_back, leg.amount.currency)
    return leg.amount - back if leg.kind is LegKind.COLLECT else back - (leg.amount + leg.fee)


def _sum(lines: list[StatementLine]) -> Money | None:
    if not lines:
        return None
    total = Money.zero(lines[0].amount.currency)
    for line in lines:
        total += line.amount
    return total
