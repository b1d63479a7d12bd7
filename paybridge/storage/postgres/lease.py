"""The lease: a row that says which process writes, and an epoch that every one of its batches proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.services.ports import BookUnavailableError
from paybridge.storage.postgres.connection import AWAY

if TYPE_CHECKING:
    from paybridge.storage.postgres.connection import Server
    from paybridge.storage.postgres.writer import Epoch

SPAN_SECONDS: Final = 9
"""For how long it is lent: with three seconds between two questions for it, it changes hands in twelve."""

# The server's clock alone decides, so that those of several machines may differ.
_NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_ACQUIRE: Final = f"""
    INSERT INTO lease (name, holder, epoch, until) VALUES ('writer', $1, 1, {_NOW} + $2)
    ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, epoch = lease.epoch + 1, until = excluded.until
    WHERE lease.until <= {_NOW} OR lease.holder = excluded.holder
    RETURNING epoch
"""  # noqa: S608 - the text above
_RENEW: Final = (
    f"UPDATE lease SET until = {_NOW} + $2"  # noqa: S608 - the text above
    " WHERE name = 'writer' AND epoch = $1 RETURNING epoch"
)
_RELEASE: Final = "UPDATE lease SET until = 0 WHERE name = 'writer' AND epoch = $1"


class PostgresLease:
    """`Lease` on the table; a holder that was killed gets its own lease back at once."""

    span = float(SPAN_SECONDS)

    def __init__(self, server: Server, holder: str, epoch: Epoch) -> None:
        self._server = server
        self._holder = holder
        self._epoch = epoch

    async def acquire(self) -> bool:
        epoch = await self._ask(_ACQUIRE, self._holder, SPAN_SECONDS * 1_000_000)
        self._epoch.number = epoch or 0
        return epoch is not None

    async def renew(self) -> bool:
        return await self._ask(_RENEW, self._epoch.number, SPAN_SECONDS * 1_000_000) is not None

    async def release(self) -> None:
        if self._epoch.number:
            await self._ask(_RELEASE, self._epoch.number)

    async def _ask(self, statement: str, *given: object) -> Any:  # noqa: ANN401 - the statement says what it yields
        """On a connection of its own: a writer that is stuck must not hold the lease back."""
        try:
            async with self._server.connected({}) as connection:
                return await connection.fetchval(statement, *given)
        except AWAY as error:
            raise BookUnavailableError(str(error)) from error
