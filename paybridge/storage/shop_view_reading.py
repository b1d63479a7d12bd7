"""What the book answers about shops' pages: sessions, takings and orders, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, text

from paybridge.domain.takings import Booked, Whose
from paybridge.domain.takings_report import PaidByPaper, SoldPieces
from paybridge.domain.transfer import TransferKind
from paybridge.storage import sale_rows, shop_session_rows
from paybridge.storage import takings_questions as ask
from paybridge.storage.moments import microseconds
from paybridge.storage.shop_session_tables import IS_NOT_CLOSED, shop_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Executable

    from paybridge.domain.history import Mark
    from paybridge.domain.sale import Sale
    from paybridge.domain.shop import Shop
    from paybridge.domain.shop_session import ShopSession
    from paybridge.storage.reading import Facts, Reading
    from paybridge.storage.row import Row

_NEVER: Final = 2**63 - 1  # microseconds; later than every time that is stored

SESSION: Final = select(shop_session).where(shop_session.c.id == bindparam("id"))
SESSIONS: Final = (
    select(shop_session)
    .where(text(f"shop_session.{IS_NOT_CLOSED}"), shop_session.c.person == bindparam("person"))
    .order_by(shop_session.c.started, shop_session.c.id)
)


class ShopViewReading:
    """The part of the book that keeps sessions with shops' pages, and sums what shops took."""

    _reader: Reading

    async def shop_session(self, session: str) -> ShopSession | None:
        row = await self._reader.first(SESSION, {"id": session})
        return None if row is None else shop_session_rows.shop_session_of(row)

    async def shop_sessions(self, person: str) -> Sequence[ShopSession]:
        listed = await self._reader.rows(SESSIONS, {"person": person})
        return [shop_session_rows.shop_session_of(row) for row in listed]

    async def taken(self, shop: Shop, currency: str, edges: Sequence[datetime]) -> Sequence[Booked]:
        balance: Facts = {"person": shop.owner, "currency": currency}
        asked = {**await self._span(shop, balance, edges), **_inner(edges)}
        return [_booked(row, currency) for row in await self._reader.rows(ask.TAKEN, asked)]

    async def taken_straight(self, shop: Shop, edges: Sequence[datetime]) -> Sequence[Booked]:
        asked = {"person": shop.owner, **_time(shop, edges), **_inner(edges)}
        came = await self._reader.rows(ask.CAME_STRAIGHT, asked)
        went = await self._reader.rows(ask.WENT_STRAIGHT, asked)
        return [
            *(_straight(row, incoming=True) for row in came),
            *(_straight(row, incoming=False) for row in went),
        ]

    async def sold(self, shop: Shop, currency: str, edges: Sequence[datetime]) -> Sequence[SoldPieces]:
        balance: Facts = {"person": shop.owner, "currency": currency}
        booked = await self._reader.rows(ask.SOLD, await self._span(shop, balance, edges))
        straight = await self._reader.rows(ask.SOLD_STRAIGHT, {**balance, **_time(shop, edges)})
        return [
            SoldPieces(row["item"], int(row["pieces"]), int(row["minor"])) for row in (*booked, *straight)
        ]

    async def paid_by_paper(
        self, shop: Shop, currency: str, edges: Sequence[datetime]
    ) -> Sequence[PaidByPaper]:
        balance: Facts = {"person": shop.owner, "currency": currency}
        booked = await self._reader.rows(ask.PAPERS, await self._span(shop, balance, edges))
        straight = {**balance, **_time(shop, edges)}
        came = await self._reader.rows(ask.PAPERS_CAME, straight)
        went = await self._reader.rows(ask.PAPERS_WENT, straight)
        return [
            *(_by_paper(row) for row in (*booked, *came)),
            *(_by_paper(row, sign=-1) for row in went),
        ]

    async def orders_to_do(self, shop: str, limit: int, after: Mark | None = None) -> Sequence[Sale]:
        place: Facts = {"after": microseconds(after.created) if after else -1}
        return await self._orders(ask.TO_DO, shop, limit, place, after)

    async def orders(self, shop: str, limit: int, after: Mark | None = None) -> Sequence[Sale]:
        place: Facts = {"after": microseconds(after.created) if after else _NEVER}
        return await self._orders(ask.ORDERS, shop, limit, place, after)

    async def count_to_do(self, shop: str) -> int:
        return int(await self._reader.scalar(ask.HOW_MANY_TO_DO, {"shop": shop}) or 0)

    async def _orders(
        self, statement: Executable, shop: str, limit: int, place: Facts, after: Mark | None
    ) -> Sequence[Sale]:
        asked = {**place, "after_id": after.id if after else "", "shop": shop, "limit": limit}
        return [sale_rows.sale_of(row) for row in await self._reader.rows(statement, asked)]

    async def _span(self, shop: Shop, balance: Facts, edges: Sequence[datetime]) -> Facts:
        """Between which numbers the entries of the balance were booked in this time."""
        behind = (await self._reader.scalar(ask.LAST, balance) or 0) + 1
        return {
            **balance,
            "shop": shop.id,
            "first": await self._number_at(balance, edges[0], behind),
            "behind": await self._number_at(balance, edges[-1], behind),
        }

    async def _number_at(self, balance: Facts, at: datetime, behind: int) -> int:
        """The number of the balance's first entry that is not older; its own order counts, not the clock."""
        low, high, sought = 1, behind, microseconds(at)
        while low < high:
            middle = (low + high) // 2
            booked = await self._reader.scalar(ask.BOOKED_AT, {**balance, "number": middle})
            if booked is not None and booked < sought:
                low = middle + 1
            else:
                high = middle
        return low


def _time(shop: Shop, edges: Sequence[datetime]) -> Facts:
    return {"shop": shop.id, "since": microseconds(edges[0]), "until": microseconds(edges[-1])}


def _by_paper(row: Row, sign: int = 1) -> PaidByPaper:
    return PaidByPaper(row["id"], Whose(row["whose"]), row["payment"], sign * int(row["minor"]))


def _inner(edges: Sequence[datetime]) -> dict[str, int]:
    """Where each day but the first begins; those that there are not begin never."""
    inside = [microseconds(edge) for edge in edges[1:-1]]
    assert len(inside) <= len(ask.EDGES)  # nobody asks for more than a month
    return dict(zip(ask.EDGES, inside + [_NEVER] * (len(ask.EDGES) - len(inside)), strict=True))


def _booked(row: Row, currency: str) -> Booked:
    return Booked(
        day=row["day"],
        kind=TransferKind(row["kind"]),
        incoming=bool(row["incoming"]),
        whose=Whose(row["whose"]),
        currency=currency,
        count=row["count"],
        minor=int(row["minor"]),
    )


def _straight(row: Row, *, incoming: bool) -> Booked:
    minor = int(row["minor"])
    return Booked(
        day=row["day"],
        kind=TransferKind(row["kind"]),
        incoming=incoming,
        whose=Whose(row["whose"]),
        currency=row["currency"],
        count=row["count"],
        minor=minor if incoming else -minor,
        straight=True,
    )
