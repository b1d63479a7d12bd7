"""Reads: SQLAlchemy statements on a few connections that cannot write, each seeing every committed step.

They are compiled here and go straight to the driver; what is asked with facts is compiled once, and together
with all who ask the same at the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from sqlalchemy import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from paybridge.services.ports import BookUnavailableError
from paybridge.storage.postgres.connection import ASKING, AWAY
from paybridge.storage.postgres.gathering import DIALECT, Gathered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Executable

    from paybridge.storage.postgres.connection import Server
    from paybridge.storage.reading import Facts
    from paybridge.storage.row import Row

_CONNECTIONS: Final = 4
_MOST_FACTS: Final = 8  # what is asked about a long list is a trip worth by itself
_ENDED: Final = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)


class PostgresReader:
    """Connects when it is first asked, and again after the server was away."""

    def __init__(self, server: Server) -> None:
        self._pool = asyncpg.create_pool(
            **server.arguments(ASKING), min_size=0, max_size=_CONNECTIONS, reset=_leave_as_it_is
        )
        self._gathered = Gathered(self._fetch, _CONNECTIONS)

    async def rows(self, statement: Executable, facts: Facts | None = None) -> Sequence[Row]:
        return [dict(row) for row in await self._ask(statement, facts)]

    async def first(self, statement: Executable, facts: Facts | None = None) -> Row | None:
        found = await self._ask(statement, facts)
        return dict(found[0]) if found else None

    async def scalar(self, statement: Executable, facts: Facts | None = None) -> Any:  # noqa: ANN401 - the statement says
        found = await self._ask(statement, facts)
        return found[0][0] if found else None

    async def close(self) -> None:
        await self._gathered.close()
        await self._pool  # one that was never asked cannot be closed otherwise
        await self._pool.close()

    async def _ask(self, statement: Executable, facts: Facts | None) -> Sequence[asyncpg.Record]:
        try:
            if facts and len(facts) <= _MOST_FACTS:
                return await self._gathered.ask(statement, facts)
            asked, names, fixed = compiled(statement) if facts is None else _compiled_once(statement)
            given = {**fixed, **(facts or {})}
            return await self._fetch(asked, *(given[name] for name in names))
        except AWAY as error:
            raise BookUnavailableError(str(error)) from error

    async def _fetch(self, asked: str, *values: object) -> Sequence[asyncpg.Record]:
        await self._pool  # does nothing once it is done
        try:
            found: Sequence[asyncpg.Record] = await self._pool.fetch(asked, *values)
        except _ENDED:
            # The server has ended a connection since it was last used. A read may always be repeated.
            await self._pool.expire_connections()
            found = await self._pool.fetch(asked, *values)
        return found


def compiled(statement: Executable) -> tuple[str, Sequence[str], dict[str, Any]]:
    """The SQL of a statement, its parameters in their order, and the values of those that it holds itself."""
    assert isinstance(statement, ClauseElement)  # whatever can be executed is one
    made = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    assert isinstance(made, SQLCompiler)  # what is asked is a statement of SQL
    return str(made), made.positiontup or (), dict(made.params)


_compiled_once: Final = lru_cache(maxsize=256)(compiled)


async def _leave_as_it_is(_connection: asyncpg.Connection) -> None:
    """No read sets anything that the next one could mind."""
