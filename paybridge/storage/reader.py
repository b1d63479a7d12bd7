"""Reads: SQLAlchemy statements on connections that cannot write, each seeing every committed step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Executable
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from paybridge.storage.rows import Row

_CONNECTIONS: Final = 4  # each is a thread


class Reader:
    """A small pool of reading connections."""

    def __init__(self, path: Path) -> None:
        # Without transactions, a read is one trip to the connection's thread and leaves no snapshot behind.
        self.engine = create_async_engine(
            f"sqlite+aiosqlite:///{path}",
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            pool_size=_CONNECTIONS,
            max_overflow=0,
        )
        event.listen(self.engine.sync_engine, "connect", _forbid_writing)

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """Every row of `statement`, by column name."""
        async with self.engine.connect() as connection:
            return [row._asdict() for row in await connection.execute(statement)]

    async def first(self, statement: Executable) -> Row | None:
        """The first row of `statement`, if there is one."""
        async with self.engine.connect() as connection:
            row = (await connection.execute(statement)).first()
            return None if row is None else row._asdict()

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - the statement says what it yields
        """The first column of the first row, or None."""
        async with self.engine.connect() as connection:
            return (await connection.execute(statement)).scalar()

    async def close(self) -> None:
        await self.engine.dispose()


def _forbid_writing(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()
