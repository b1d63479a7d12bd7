"""What the use cases need of the book for a shop's pages, as a Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.shop_session import ShopSession

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.history import Mark
    from paybridge.domain.sale import Sale
    from paybridge.domain.shop import Shop
    from paybridge.domain.takings import Booked
    from paybridge.domain.takings_report import PaidByPaper, SoldPieces

ShopViewRecord = ShopSession


class ShopViewBook(Protocol):
    """The part of the book that keeps sessions with shops' pages, and sums what shops took."""

    async def shop_session(self, session: str) -> ShopSession | None:
        """The session whose token has this hash."""

    async def shop_sessions(self, person: str) -> Sequence[ShopSession]:
        """Those of the person that nobody has closed."""

    async def taken(self, shop: Shop, currency: str, edges: Sequence[datetime]) -> Sequence[Booked]:
        """What the bookings of its owner's balance come to, for each day that begins at one of the edges.

        The last edge is where the last day ends; there are 31 days at most.
        """

    async def taken_straight(self, shop: Shop, edges: Sequence[datetime]) -> Sequence[Booked]:
        """The same of payments that passed the balance by, by the days on which they were asked for."""

    async def sold(self, shop: Shop, currency: str, edges: Sequence[datetime]) -> Sequence[SoldPieces]:
        """What was sold of each item in orders whose money came in this time; an item may stand twice."""

    async def paid_by_paper(
        self, shop: Shop, currency: str, edges: Sequence[datetime]
    ) -> Sequence[PaidByPaper]:
        """What came on each invoice, and what was given back of each invoice and order."""

    async def orders_to_do(self, shop: str, limit: int, after: Mark | None = None) -> Sequence[Sale]:
        """Orders that are paid and that the shop has not completed, oldest first, behind the mark."""

    async def orders(self, shop: str, limit: int, after: Mark | None = None) -> Sequence[Sale]:
        """All orders of the shop, newest first, behind the mark."""

    async def count_to_do(self, shop: str) -> int:
        """How many orders are to do."""
