"""What the last comparison with a rail's statement found, kept between starts."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.money import Money
from paybridge.services.reconciliation import Match
from paybridge.services.statement_check import Checked, Difference
from paybridge.services.statements import Mark

if TYPE_CHECKING:
    from paybridge.services.ports import Mailbox

_PREFIX: Final = "statement/"


@dataclass(frozen=True, slots=True)
class Kept:
    """How the books and a rail's statement stood at `at`, the last time that it could be read.

    `tried` is when that was last tried, `failures` how often in a row in vain, and `silent` why.
    """

    tried: datetime
    at: datetime | None = None
    matched: int = 0
    under_way: int = 0
    differences: tuple[Difference, ...] = ()
    mark: Mark | None = None
    failures: int = 0
    silent: str | None = None

    def found(self, checked: Checked, at: datetime) -> Kept:
        """After a comparison."""
        return Kept(at, at, checked.matched, checked.under_way, checked.differences, checked.mark)

    def failed(self, why: str, at: datetime) -> Kept:
        """After one that could not be made; what was known to differ still does."""
        return replace(self, tried=at, failures=self.failures + 1, silent=why)


async def recall(mailbox: Mailbox, rail: str) -> Kept | None:
    """What is kept of this rail; None if it was never compared."""
    told = await mailbox.recall(_PREFIX + rail)
    return None if told is None else read_kept(told)


async def remember(mailbox: Mailbox, rail: str, kept: Kept) -> None:
    """Keep it in place of the one before."""
    await mailbox.remember(_PREFIX + rail, _written(kept))


def name_of(rail: str) -> str:
    """The name under which it lies in the database's memory."""
    return _PREFIX + rail


def read_kept(told: str) -> Kept:
    """What `remember` wrote."""
    read = json.loads(told)
    mark = read["mark"]
    return Kept(
        tried=datetime.fromisoformat(read["tried"]),
        at=None if read["at"] is None else datetime.fromisoformat(read["at"]),
        matched=read["matched"],
        under_way=read["under_way"],
        differences=tuple(_difference(*one) for one in read["differences"]),
        mark=None if mark is None else Mark(mark[0], datetime.fromisoformat(mark[1])),
        failures=read["failures"],
        silent=read["silent"],
    )


def _written(kept: Kept) -> str:
    return json.dumps(
        {
            "tried": kept.tried.isoformat(),
            "at": None if kept.at is None else kept.at.isoformat(),
            "matched": kept.matched,
            "under_way": kept.under_way,
            "differences": [_packed(one) for one in kept.differences],
            "mark": None if kept.mark is None else [kept.mark.cursor, kept.mark.before.isoformat()],
            "failures": kept.failures,
            "silent": kept.silent,
        }
    )


def _packed(one: Difference) -> list[Any]:
    ours, theirs = (None if money is None else money.minor for money in (one.ours, one.theirs))
    return [one.reference, one.currency, one.match.value, ours, theirs, one.since.isoformat()]


def _difference(
    reference: str, currency: str, match: str, ours: int | None, theirs: int | None, since: str
) -> Difference:
    here, there = (None if minor is None else Money(minor, currency) for minor in (ours, theirs))
    return Difference(reference, currency, Match(match), here, there, datetime.fromisoformat(since))
