"""Reads: SQLAlchemy statements on a connection that cannot write, each seeing every committed step.

They run in the event loop. Every question is answered by an index from pages that SQLite or the system holds
in memory, and in WAL mode no writer makes it wait: it takes less time than handing it to a thread and back.
What is asked with facts is compiled once and goes straight to the driver, which takes a tenth of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ClauseElement, StaticPool, create_engine
from sqlalchemy.dialects import sqlite

from paybridge.storage.sqlite.connection import connect_read_only

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Executable

    from paybridge.storage.reading import Facts
    from paybridge.storage.row import Row

_DIALECT: Final = sqlite.dialect(paramstyle="named")


class SqliteReader:
    """One reading connection; used by one event loop only."""

    def __init__(self, path: Path) -> None:
        self.connection = connect_read_only(path)
        # Without transactions, a read leaves no snapshot behind.
        self.engine = create_engine(
            "sqlite://",
            creator=lambda: self.connection,
            poolclass=StaticPool,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
        )

    async def rows(self, statement: Executable, facts: Facts | None = None) -> Sequence[Row]:
        """Every row of `statement`, by column name."""
        if facts is not None:
            found = self._ask(statement, facts)
            names = _names(found)
            return [dict(zip(names, row, strict=True)) for row in found]
        with self.engine.connect() as connection:
            return [row._asdict() for row in connection.execute(statement)]

    async def first(self, statement: Executable, facts: Facts | None = None) -> Row | None:
        """The first row of `statement`, if there is one."""
        if facts is not None:
            found = self._ask(statement, facts)
            one = found.fetchone()
            return None if one is None else dict(zip(_names(found), one, strict=True))
        with self.engine.connect() as connection:
            row = connection.execute(statement).first()
            return None if row is None else row._asdict()

    async def scalar(self, statement: Executable, facts: Facts | None = None) -> Any:  # noqa: ANN401 - the statement says
        """The first column of the first row, or None."""
        if facts is not None:
            one = self._ask(statement, facts).fetchone()
            return None if one is None else one[0]
        with self.engine.connect() as connection:
            return connection.execute(statement).scalar()

    async def close(self) -> None:
        self.engine.dispose()
        self.connection.close()

    def _ask(self, statement: Executable, facts: Facts) -> sqlite3.Cursor:
        asked, fixed = _compiled(statement)
        return self.connection.execute(asked, {**fixed, **facts})


def _names(found: sqlite3.Cursor) -> list[str]:
    return [column[0] for column in found.description]


@lru_cache(maxsize=256)
def _compiled(statement: Executable) -> tuple[str, dict[str, Any]]:
    """The SQL of a statement, and the parameters whose values it holds itself."""
    assert isinstance(statement, ClauseElement)  # whatever can be executed is one
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), dict(compiled.params)
