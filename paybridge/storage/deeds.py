"""What operators decide about people, written beside a bot that may be running, and read back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.factor import FactorState
from paybridge.storage.errors import DatabaseError
from paybridge.storage.moments import microseconds, moment, moment_or_none
from paybridge.storage.outside import opened
from paybridge.storage.postgres.connection import AWAY, SCHEME, WRITING, place_error, server_of
from paybridge.storage.sqlite.connection import connect, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.deeds import Deed

_PERSON: Final = """
    SELECT person.id, person.frozen, factor.state, factor.reset_at
    FROM identity JOIN person ON person.id = identity.person LEFT JOIN factor ON factor.person = person.id
    WHERE identity.mxid = ?
    """
_WRITE: Final = "INSERT INTO deed (id, kind, person, at, done, version) VALUES (?, ?, ?, ?, NULL, 1)"
_WRITE_ON_A_SERVER: Final = (
    "INSERT INTO deed (id, kind, person, at, done, version) VALUES ($1, $2, $3, $4, NULL, 1)"
)
_FROZEN: Final = """
    SELECT identity.mxid, person.frozen FROM person JOIN identity ON identity.person = person.id
    WHERE person.frozen IS NOT NULL ORDER BY identity.mxid
    """
_DEEDS: Final = """
    SELECT deed.at, deed.kind, deed.done, identity.mxid
    FROM deed LEFT JOIN identity ON identity.person = deed.person ORDER BY deed.at, deed.id, identity.mxid
    """


@dataclass(frozen=True, slots=True)
class Standing:
    """What an operator has to know of a person before deciding anything about them."""

    person: str
    frozen: bool
    has_factor: bool
    reset_at: datetime | None


def standing_of(url: str, mxid: str) -> Standing:
    """How the person behind this Matrix id stands, or `DatabaseError`; read-only."""
    with opened(url, "read") as outside:
        found = list(outside.rows(_PERSON, mxid))
    if not found:
        raise DatabaseError(f"{mxid} is nobody whom the books know")
    person, frozen, state, reset_at = found[0]
    active = state == FactorState.ACTIVE
    return Standing(person, frozen is not None, active, moment_or_none(reset_at) if active else None)


def order_deed(url: str, deed: Deed) -> None:
    """Write down what the operator decided; the bot does it as soon as it looks. Raises `DatabaseError`."""
    facts = (deed.id, deed.kind.value, deed.person, microseconds(deed.at))
    if url.startswith(SCHEME):
        _order_on_a_server(url, facts)
        return
    path = path_of(url)
    try:
        with closing(connect(path)) as connection:
            connection.execute(_WRITE, facts)
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot write the database {path}: {error}") from error


def frozen_people(url: str) -> Sequence[tuple[str, datetime]]:
    """Everyone who has frozen, by Matrix id, and since when; or `DatabaseError`."""
    with opened(url, "read") as outside:
        return [(mxid, moment(since)) for mxid, since in outside.rows(_FROZEN)]


def deeds_so_far(url: str) -> Sequence[tuple[datetime, str, datetime | None, str | None]]:
    """When what was decided, when it was done, and about whom (None: erased since); or `DatabaseError`."""
    with opened(url, "read") as outside:
        return [
            (moment(at), kind, moment_or_none(done), mxid) for at, kind, done, mxid in outside.rows(_DEEDS)
        ]


def _order_on_a_server(url: str, facts: tuple[Any, ...]) -> None:
    """Beside the process that holds the lease: it is the operator who decides."""
    server = server_of(url)

    async def order() -> None:
        async with server.connected(WRITING) as connection:
            await connection.execute(_WRITE_ON_A_SERVER, *facts)

    try:
        asyncio.run(order())
    except AWAY as error:
        raise place_error(server, error) from error
