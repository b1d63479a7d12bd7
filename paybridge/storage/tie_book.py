"""What the book answers about ghosts that speak for people of Matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.storage import tie_rows
from paybridge.storage.moments import microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.people import Identity
    from paybridge.domain.tie import Guesses, Tie
    from paybridge.storage.reading import Facts, Reading


class SqlTieBook:
    """`TieBook` on the database."""

    def __init__(self, reader: Reading) -> None:
        self._reader = reader

    async def of_ghost(self, ghost: str) -> Tie | None:
        row = await self._reader.first(tie_rows.OF_GHOST, {"ghost": ghost})
        return None if row is None else tie_rows.tie_of(row)

    async def of_person(self, person: str) -> Sequence[Tie]:
        found = await self._reader.rows(tie_rows.OF_PERSON, {"person": person})
        return [tie_rows.tie_of(row) for row in found]

    async def waiting(self, person: str) -> Tie | None:
        row = await self._reader.first(tie_rows.WAITING, {"person": person})
        return None if row is None else tie_rows.tie_of(row)

    async def of_code(self, code: str) -> Tie | None:
        row = await self._reader.first(tie_rows.OF_CODE, {"code": code})
        return None if row is None else tie_rows.tie_of(row)

    async def offered_since(self, person: str, since: datetime) -> int:
        asked: Facts = {"person": person, "since": microseconds(since)}
        return int(await self._reader.scalar(tie_rows.OFFERED_SINCE, asked) or 0)

    async def formers(self, person: str) -> Sequence[str]:
        return [row["former"] for row in await self._reader.rows(tie_rows.FORMERS, {"person": person})]

    async def heir(self, former: str) -> str | None:
        row = await self._reader.first(tie_rows.HEIR, {"former": former})
        return None if row is None else row["person"]

    async def guesses(self, ghost: str) -> Guesses | None:
        row = await self._reader.first(tie_rows.GUESSES, {"ghost": ghost})
        return None if row is None else tie_rows.guesses_of(row)

    async def identity(self, mxid: str) -> Identity | None:
        row = await self._reader.first(tie_rows.IDENTITY, {"mxid": mxid})
        return None if row is None else tie_rows.identity_of(row)
