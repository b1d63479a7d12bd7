"""Reads: SQLAlchemy statements on a connection that cannot write, each seeing every committed step.

They run in the event loop. Every question is answered by an index from pages that SQLite or the system holds
in memory, and in WAL mode no writer makes it wait: it takes less time than handing it to a thread and back.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import StaticPool, create_engine

from paybridge.storage.sqlite.connection import connect_read_only

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Executable

    from paybridge.storage.rows import Row


class SqliteReader:
    """One reading connection; used by one event loop only."""

    def __init__(self, path: Path) -> None:
        # Without transactions, a read leaves no snapshot behind.
        self.engine = create_engine(
            "sqlite://",
            creator=partial(connect_read_only, path),
            poolclass=StaticPool,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
        )

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """Every row of `statement`, by column name."""
        with self.engine.connect() as connection:
            return [row._asdict() for row in connection.execute(statement)]

    async def first(self, statement: Executable) -> Row | None:
        """The first row of `statement`, if there is one."""
        with self.engine.connect() as connection:
            row = connection.execute(statement).first()
            return None if row is None else row._asdict()

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - the statement says what it yields
        """The first column of the first row, or None."""
        with self.engine.connect() as connection:
            return connection.execute(statement).scalar()

    async def close(self) -> None:
        self.engine.dispose()
