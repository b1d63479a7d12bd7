"""The legs that went through rails and the ledger's last hash, read from outside of a running bot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from paybridge.services.checks_kept import name_of, read_kept
from paybridge.services.ledger_head import Head
from paybridge.services.premises import Audited
from paybridge.services.statement_check import Booked
from paybridge.storage import rows
from paybridge.storage.audit import audit
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.outside import opened
from paybridge.storage.tables import leg

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.leg import Leg
    from paybridge.services.checks_kept import Kept

_COLUMNS: Final = tuple(column.name for column in leg.columns)
_LISTED: Final = ", ".join(f"leg.{name}" for name in _COLUMNS)
_QUESTION: Final = (
    f"SELECT {_LISTED}, transfer.created FROM leg JOIN transfer ON transfer.id = leg.transfer"  # noqa: S608 - our names
    " WHERE leg.kind <> 'book'"
)
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class RailBooks:
    """At one moment: every order to a rail, by id, and the clearing account of each rail and currency."""

    legs: Sequence[Leg]
    clearing: Mapping[tuple[str, str], int]


def rail_books(url: str) -> RailBooks:
    """What the books say of rails, or `DatabaseError`."""
    with opened(url, "read") as outside:
        legs = [_booked(row).leg for row in outside.rows(f"{_QUESTION} ORDER BY leg.id")]
        accounts = outside.rows("SELECT owner, currency, balance FROM account WHERE kind = 'rail_clearing'")
        return RailBooks(legs, {(rail, currency): balance for rail, currency, balance in accounts})


class RailLegs:
    """`BooksBeside` and `HeadBeside`: each question has a connection and a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def since(self, rail: str, since: datetime | None) -> Sequence[Booked]:
        earliest = 0 if since is None else microseconds(since)
        question = f"{_QUESTION} AND leg.rail = ? AND transfer.created >= ? ORDER BY leg.id"
        return await asyncio.to_thread(_found, self._url, question, rail, earliest)

    async def named(self, references: Collection[str]) -> Sequence[Booked]:
        names, found = sorted(references), list[Booked]()
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            question = f"{_QUESTION} AND leg.id IN ({', '.join('?' for _ in some)}) ORDER BY leg.id"
            found += await asyncio.to_thread(_found, self._url, question, *some)
        return found

    async def head(self) -> Head | None:
        """The end of the ledger's chain."""
        return await asyncio.to_thread(_head, self._url)

    async def audit(self) -> Audited:
        # In a thread: of a large ledger this takes minutes.
        report = await asyncio.to_thread(audit, self._url)
        return Audited(report.journals, report.problems, report.head)

    async def kept(self, rail: str) -> Kept | None:
        """What the bot's last comparison with this rail's statement found."""
        return await asyncio.to_thread(_kept, self._url, rail)


def _head(url: str) -> Head | None:
    with opened(url, "read") as outside:
        last = next(outside.rows("SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1"), None)
    return None if last is None else Head(last[0], bytes(last[1]).hex())


def _kept(url: str, rail: str) -> Kept | None:
    with opened(url, "read") as outside:
        told = next(outside.rows("SELECT value FROM memory WHERE name = ?", name_of(rail)), None)
    return None if told is None else read_kept(told[0])


def _found(url: str, question: str, *facts: str | int) -> list[Booked]:
    with opened(url, "read") as outside:
        return [_booked(row) for row in outside.rows(question, *facts)]


def _booked(row: tuple[Any, ...]) -> Booked:
    return Booked(rows.leg_of(dict(zip(_COLUMNS, row[:-1], strict=True))), moment(row[-1]))
