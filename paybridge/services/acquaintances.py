"""What the book knows of whom a person calls what, and who asks them for money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.contact import Block, Contact
    from paybridge.domain.request import Request
    from paybridge.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class ReminderTimes:
    """Of which unclaimed payments the payee is reminded.

    Of each that ends before `first` and nobody was ever reminded of; and of each that ends before `last` and
    of which they were reminded before `reminded`.
    """

    first: datetime
    last: datetime
    reminded: datetime


class Acquaintances(Protocol):
    """A part of the book."""

    async def contacts(self, person: str) -> Sequence[Contact]:
        """Everybody whom the person gave a name, without those that were removed."""

    async def block(self, person: str, other: str) -> Block | None:
        """Whether the person ever blocked the other one (both are ids of persons), and how that stands."""

    async def blocked_by(self, person: str) -> Sequence[str]:
        """The ids of the persons whom this one has blocked."""

    async def requests_made(self, asker: str, since: datetime) -> int:
        """How many requests, open or not, the person has made since then."""

    async def not_reminded(self, before: datetime, limit: int) -> Sequence[Request]:
        """Open requests that were made before then and nobody was ever reminded of, oldest first."""

    async def not_claimed(self, times: ReminderTimes, limit: int) -> Sequence[Transfer]:
        """Unclaimed payments of which it is time to remind the payee, those first that end soonest."""
