"""What the book tells of the past: a person's history and balance, and a payment's place in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.history import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.history import Bookmark, Mark, Sought
    from paybridge.domain.receipt import Booked
    from paybridge.domain.request import Request
    from paybridge.domain.statement import Booking
    from paybridge.domain.transfer import Transfer


class Past(Protocol):
    """A part of the book."""

    async def history(
        self, person: str, limit: int, sought: Sought = EVERYTHING, after: Mark | None = None
    ) -> Sequence[Transfer]:
        """What is sought of the transfers in which the person pays or is paid, newest first.

        Of others' only those once approved. `after` is where the page before ended.
        """

    async def history_of_requests(
        self, person: str, limit: int, sought: Sought, after: Mark | None = None
    ) -> Sequence[Request]:
        """What is sought of the requests that the person made or was sent, newest first."""

    async def bookmark(self, person: str) -> Bookmark | None: ...
    async def namesakes(self, localpart: str, limit: int) -> Sequence[str]:
        """Known Matrix ids that begin with `@localpart:`."""

    async def currencies(self, person: str) -> Sequence[str]:
        """The currencies in which the person ever had a balance."""

    async def bookings(self, person: str, currency: str, before: int, limit: int) -> Sequence[Booking]:
        """What changed the person's balance, newest first, of numbers below `before`."""

    async def booked(self, transfer: str) -> Booked | None:
        """The last journal of the transfer, if it has any."""
