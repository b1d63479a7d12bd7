"""Counts the queues; each question reads only what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, select, text

from paybridge.services.figures import Figures, OpenLegs
from paybridge.storage import tables
from paybridge.storage.mailbox_tables import letter, post
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.tables import leg, request, transfer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select, Table

    from paybridge.storage.reading import Reading


class SqlFigures:
    """`Counting` on the database."""

    def __init__(self, reader: Reading) -> None:
        self._reader = reader

    async def figures(self, at: datetime) -> Figures:
        expiring = (
            select(transfer.c.state, func.count().label("count"))
            .where(text(tables.IS_EXPIRING))
            .group_by(transfer.c.state)
        )
        count = select(func.count())
        return Figures(
            at=at,
            legs=await self._legs(at),
            expiring={row["state"]: row["count"] for row in await self._reader.rows(expiring)},
            open_requests=await self._reader.scalar(
                count.select_from(request).where(text(tables.IS_OPEN_REQUEST))
            ),
            letters_waiting=await self._reader.scalar(count.select_from(letter).where(text("done = 0"))),
            posts_waiting=await self._reader.scalar(count.select_from(post).where(text("state = 'waiting'"))),
            oldest_letter=await self._first(select(letter.c.received).where(text("done = 0")), letter),
            oldest_post=await self._first(select(post.c.created).where(text("state = 'waiting'")), post),
        )

    async def _first(self, moments: Select[tuple[int]], table: Table) -> datetime | None:
        """The moment in the row that came first."""
        found = await self._reader.rows(moments.order_by(table.c.number).limit(1))
        return moment(next(iter(found[0].values()))) if found else None

    async def _legs(self, at: datetime) -> Sequence[OpenLegs]:
        is_due = leg.c.due <= microseconds(at)
        found = (
            select(
                leg.c.rail,
                leg.c.state,
                func.count().label("count"),
                func.sum(case((is_due, 1), else_=0)).label("due"),
                func.min(case((is_due, leg.c.due))).label("oldest"),
            )
            .where(text(tables.IS_OPEN_LEG))
            .group_by(leg.c.rail, leg.c.state)
            .order_by(leg.c.rail, leg.c.state)
        )
        return [
            OpenLegs(
                rail=row["rail"],
                state=row["state"],
                count=row["count"],
                due=int(row["due"]),
                oldest_due=None if row["oldest"] is None else moment(row["oldest"]),
            )
            for row in await self._reader.rows(found)
        ]
