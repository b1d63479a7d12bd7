"""The writer's SQL, compiled once from the tables; named parameters, as Python's sqlite3 takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite

from paybridge.storage import tables
from paybridge.storage.kinds import KEY_OF, TABLE_OF, TERMS_OF

if TYPE_CHECKING:
    from paybridge.services.ports import Record

_DIALECT: Final = sqlite.dialect(paramstyle="named")


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
