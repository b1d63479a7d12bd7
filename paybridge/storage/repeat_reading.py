"""What the book answers about repeats, on any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Integer, bindparam, func, literal, select, text, union_all

from paybridge.domain.transfer import TransferState
from paybridge.storage import repeat_rows
from paybridge.storage.columns import in_list
from paybridge.storage.moments import microseconds, moment
from paybridge.storage.repeat_tables import IS_FOR_CLUB, IS_LIVE, IS_TO_DO, IS_UNDER_WAY, instalment, repeat
from paybridge.storage.tables import transfer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.repeat import Instalment, Repeat
    from paybridge.storage.reading import Facts, Reading

_OPEN: Final = (TransferState.DRAFTED, TransferState.AWAITING_APPROVAL, TransferState.APPROVED)
_ENDED: Final = [state for state in TransferState if state not in _OPEN]
_AT: Final = bindparam("at", type_=BigInteger)
_LIMIT: Final = bindparam("limit", type_=Integer)

REPEAT: Final = select(repeat).where(repeat.c.id == bindparam("id"))
REPEATS_OF: Final = (
    select(repeat)
    .where(text(f"repeat.{IS_LIVE}"), repeat.c.payer == bindparam("payer"))
    .order_by(repeat.c.created, repeat.c.id)
)
_FOR_CLUB: Final = (text(f"repeat.{IS_FOR_CLUB}"), repeat.c.club == bindparam("club"))
REPEATS_FOR: Final = select(repeat).where(*_FOR_CLUB, text(f"repeat.{IS_LIVE}"))
REPEATS_OF_MEMBER: Final = (
    select(repeat)
    .where(*_FOR_CLUB, repeat.c.payer == bindparam("payer"))
    .order_by(repeat.c.created.desc(), repeat.c.id)
)
DUE_REPEATS: Final = (
    select(repeat).where(text(f"repeat.{IS_TO_DO}"), repeat.c.act <= _AT).order_by(repeat.c.act).limit(_LIMIT)
)
_ENDED_PAYMENTS: Final = repeat.join(transfer, transfer.c.id == repeat.c.transfer)
_HAS_ENDED: Final = (text(f"repeat.{IS_UNDER_WAY}"), text(in_list("transfer.state", _ENDED)))
ENDED_REPEATS: Final = select(repeat).select_from(_ENDED_PAYMENTS).where(*_HAS_ENDED).limit(_LIMIT)
_EARLIEST: Final = union_all(
    select(func.min(repeat.c.act).label("at")).where(text(f"repeat.{IS_TO_DO}")),
    select(literal(0, BigInteger).label("at")).select_from(_ENDED_PAYMENTS).where(*_HAS_ENDED),
).subquery()
NEXT_REPEAT: Final = select(func.min(_EARLIEST.c.at))
INSTALMENT: Final = select(instalment).where(instalment.c.id == bindparam("id"))
INSTALMENTS: Final = (
    select(instalment).where(instalment.c.repeat == bindparam("repeat")).order_by(instalment.c.number)
)


class RepeatReading:
    """The part of the book that keeps repeats."""

    _reader: Reading

    async def repeat(self, repeat: str) -> Repeat | None:
        row = await self._reader.first(REPEAT, {"id": repeat})
        return None if row is None else repeat_rows.repeat_of(row)

    async def repeats_of(self, payer: str) -> Sequence[Repeat]:
        return [repeat_rows.repeat_of(row) for row in await self._reader.rows(REPEATS_OF, {"payer": payer})]

    async def repeats_for(self, club: str) -> Sequence[Repeat]:
        return [repeat_rows.repeat_of(row) for row in await self._reader.rows(REPEATS_FOR, {"club": club})]

    async def repeats_of_member(self, club: str, payer: str) -> Sequence[Repeat]:
        asked: Facts = {"club": club, "payer": payer}
        return [repeat_rows.repeat_of(row) for row in await self._reader.rows(REPEATS_OF_MEMBER, asked)]

    async def due_repeats(self, at: datetime, limit: int) -> Sequence[Repeat]:
        asked: Facts = {"at": microseconds(at), "limit": limit}
        return [repeat_rows.repeat_of(row) for row in await self._reader.rows(DUE_REPEATS, asked)]

    async def ended_repeats(self, limit: int) -> Sequence[Repeat]:
        found = await self._reader.rows(ENDED_REPEATS, {"limit": limit})
        return [repeat_rows.repeat_of(row) for row in found]

    async def next_repeat(self) -> datetime | None:
        earliest = await self._reader.scalar(NEXT_REPEAT, {})
        return None if earliest is None else moment(earliest)

    async def instalment(self, instalment: str) -> Instalment | None:
        row = await self._reader.first(INSTALMENT, {"id": instalment})
        return None if row is None else repeat_rows.instalment_of(row)

    async def instalments(self, repeat: str) -> Sequence[Instalment]:
        found = await self._reader.rows(INSTALMENTS, {"repeat": repeat})
        return [repeat_rows.instalment_of(row) for row in found]
