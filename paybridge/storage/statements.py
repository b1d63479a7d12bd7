"""The writer's SQL, compiled once from the tables; named parameters, as Python's sqlite3 takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite

from paybridge.domain.leg import Leg
from paybridge.domain.people import Identity, Link, Person
from paybridge.domain.pinning import PinnedKey
from paybridge.domain.policy import RoomPolicy
from paybridge.domain.request import Request
from paybridge.domain.spoken import Origin
from paybridge.domain.transfer import Transfer
from paybridge.storage import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.services.ports import Record

_DIALECT: Final = sqlite.dialect(paramstyle="named")

TABLE_OF: Final[Mapping[type[Record], Table]] = {
    Person: tables.person,
    Identity: tables.identity,
    Link: tables.link,
    Request: tables.request,
    Transfer: tables.transfer,
    Leg: tables.leg,
    RoomPolicy: tables.room_policy,
    PinnedKey: tables.pinned_key,
    Origin: tables.origin,
}
"""The table of every kind of record; the order is that in which foreign keys let them be written."""

_AGREED: Final = ("amount", "currency", "room", "created")
TERMS_OF: Final[Mapping[type[Record], tuple[str, ...]]] = {
    Person: (),
    Identity: (),
    Link: (),
    Request: ("asker", "asker_mxid", "asked", "asked_mxid", *_AGREED),
    Transfer: ("kind", "payer", "payer_mxid", "payee", "payee_mxid", *_AGREED),
    Leg: ("transfer", "number", "kind", "rail", "owner", "amount", "currency"),
    RoomPolicy: (),
    PinnedKey: (),
    Origin: (),
}
"""What never changes of a record once it is written: left out of updates, which so touch fewer indexes."""


def _insert(table: Table) -> str:
    return str(insert(table).compile(dialect=_DIALECT))


def _update_if_unchanged(kind: type[Record]) -> str:
    table = TABLE_OF[kind]
    kept = {KEY_OF[kind], *TERMS_OF[kind]}
    changed = [column.name for column in table.columns if column.name not in kept]
    key = table.c[KEY_OF[kind]]
    terms = [table.c[name] == bindparam(f"_{name}") for name in TERMS_OF[kind]]
    statement = update(table).where(
        key == bindparam("_key"), table.c.version == bindparam("_version"), *terms
    )
    return str(statement.compile(dialect=_DIALECT, column_keys=changed))


def _version(kind: type[Record]) -> str:
    table = TABLE_OF[kind]
    statement = select(table.c.version).where(table.c[KEY_OF[kind]] == bindparam("_key"))
    return str(statement.compile(dialect=_DIALECT))


KEY_OF: Final = {kind: next(iter(table.primary_key.columns)).name for kind, table in TABLE_OF.items()}
INSERT_OF: Final = {kind: _insert(table) for kind, table in TABLE_OF.items()}
UPDATE_OF: Final = {kind: _update_if_unchanged(kind) for kind in TABLE_OF}
VERSION_OF: Final = {kind: _version(kind) for kind in TABLE_OF}

INSERT_ACCOUNT: Final = _insert(tables.account)
INSERT_JOURNAL: Final = _insert(tables.journal)
INSERT_ENTRY: Final = _insert(tables.entry)
INSERT_SEAL: Final = _insert(tables.seal)
INSERT_POST: Final = _insert(tables.post)
INSERT_LETTER: Final = _insert(tables.letter)
INSERT_LETTER_IF_NEW: Final = INSERT_LETTER + " ON CONFLICT (event) DO NOTHING"
