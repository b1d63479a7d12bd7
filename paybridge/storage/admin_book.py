"""`AdminBook` on the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, bindparam, func, select, text

from paybridge.services.admin_book import Stood
from paybridge.storage.act_rows import act_of
from paybridge.storage.act_tables import act
from paybridge.storage.moments import moment_or_none
from paybridge.storage.tables import IS_OPEN, IS_STOOD_STILL, identity, person, transfer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.acts import Act
    from paybridge.storage.reading import Reading

ACTS: Final = select(act).order_by(act.c.number.desc()).limit(bindparam("limit", type_=Integer))
STOOD: Final = (
    select(identity.c.mxid, person.c.frozen, person.c.stopped)
    .select_from(person.join(identity, identity.c.person == person.c.id))
    .where(text(IS_STOOD_STILL))
    .order_by(identity.c.mxid)
)
OPEN_PAYMENTS: Final = (
    select(transfer.c.state, func.count().label("count")).where(text(IS_OPEN)).group_by(transfer.c.state)
)


class SqlAdminBook:
    """Reads for operators; every question is answered by an index."""

    def __init__(self, reader: Reading) -> None:
        self._reader = reader

    async def last_act(self) -> Act | None:
        return next(iter(await self.acts(1)), None)

    async def acts(self, limit: int) -> Sequence[Act]:
        return [act_of(row) for row in await self._reader.rows(ACTS, {"limit": limit})]

    async def standing_still(self) -> Sequence[Stood]:
        return [
            Stood(row["mxid"], moment_or_none(row["frozen"]), moment_or_none(row["stopped"]))
            for row in await self._reader.rows(STOOD, {})
        ]

    async def open_payments(self) -> Mapping[str, int]:
        return {row["state"]: row["count"] for row in await self._reader.rows(OPEN_PAYMENTS, {})}
