"""Connects to the PostgreSQL server that a URL names, without ever telling its password."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from paybridge.storage.errors import DatabasePlaceError, DatabaseUrlError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

SCHEME: Final = "postgresql+asyncpg://"

_PATIENCE_SECONDS: Final = 5.0
_LONGEST_STATEMENT_SECONDS: Final = 30.0

# What is asked while people wait is always answered by an index; a plan made while a table was small must not
# read all of it when it has grown.
_BY_INDEX: Final[Mapping[str, str]] = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
WRITING: Final[Mapping[str, str]] = {
    **_BY_INDEX,
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60000",
}
READING: Final[Mapping[str, str]] = {"default_transaction_read_only": "on", "jit": "off"}
ASKING: Final[Mapping[str, str]] = {**_BY_INDEX, **READING}

AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a server that cannot be reached, or that ends a connection, shows as."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the database is; its text names it without the password."""

    dsn: str
    name: str

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Server({self.name})"

    async def connect(self, settings: Mapping[str, str]) -> asyncpg.Connection:
        """A connection, or one of `AWAY`."""
        return await asyncpg.connect(**self.arguments(settings))

    @asynccontextmanager
    async def connected(self, settings: Mapping[str, str]) -> AsyncIterator[asyncpg.Connection]:
        """A connection that is closed in the end."""
        connection = await self.connect(settings)
        try:
            yield connection
        finally:
            await close(connection)

    def arguments(self, settings: Mapping[str, str]) -> dict[str, Any]:
        """What the driver takes to connect with."""
        return {
            "dsn": self.dsn,
            "timeout": _PATIENCE_SECONDS,
            "command_timeout": _LONGEST_STATEMENT_SECONDS,
            "server_settings": {"application_name": "paybridge", **settings},
        }


async def close(connection: asyncpg.Connection) -> None:
    """Take leave of the server, if it still listens."""
    try:
        await connection.close(timeout=1)
    except AWAY:
        connection.terminate()


def server_of(url: str) -> Server:
    """The server that `postgresql+asyncpg://user:password@host/name` names, or `DatabaseUrlError`."""
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUrlError("the database URL cannot be read") from None
    if not url.startswith(SCHEME) or not parts.database:
        raise DatabaseUrlError(f"the database URL must be {SCHEME}user:password@host/name")
    plain = parts.set(drivername="postgresql")
    return Server(plain.render_as_string(hide_password=False), plain.render_as_string(hide_password=True))


def place_error(server: Server, error: BaseException) -> DatabasePlaceError:
    """One line for the operator."""
    told = str(error).partition("\n")[0] or type(error).__name__
    return DatabasePlaceError(f"cannot use the database {server}: {told}")
