"""The writer's SQL, compiled once from the tables; parameters by position, which the driver takes fastest."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from paybridge.storage import mailbox_tables, tables
from paybridge.storage.kinds import KEY_OF, TABLE_OF, TERMS_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import BindParameter, ClauseElement, Column, ColumnElement, Table

    from paybridge.services.ports import Record
    from paybridge.storage.row import Row

_DIALECT: Final = sqlite.dialect(paramstyle="qmark")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and how to take its parameters out of a row, in their order."""

    sql: str
    of: Callable[[Row], tuple[Any, ...]]


def _statement(
    made: ClauseElement, column_keys: Sequence[str] | None = None, called: Mapping[str, str] | None = None
) -> Statement:
    """`called` says under which name a row holds a parameter, where that is not its own."""
    compiled = made.compile(dialect=_DIALECT, column_keys=column_keys)
    assert isinstance(compiled, SQLCompiler)  # of whatever is no DDL
    names = [(called or {}).get(name, name) for name in compiled.positiontup or ()]
    if len(names) == 1:
        return Statement(str(compiled), lambda row: (row[names[0]],))
    return Statement(str(compiled), itemgetter(*names))


def _insert(table: Table) -> Statement:
    return _statement(insert(table))


def _update_if_unchanged(kind: type[Record]) -> Statement:
    """Finds the row by its key, its version (`_version` in the row) and the terms that never change."""
    table = TABLE_OF[kind]
    kept = {KEY_OF[kind], *TERMS_OF[kind]}
    changed = [column.name for column in table.columns if column.name not in kept]
    same = {f"_{name}": name for name in kept}
    found = [_is_same(table.c[name]) for name in (KEY_OF[kind], *TERMS_OF[kind])]
    made = update(table).where(*found, table.c.version == bindparam("_version"))
    return _statement(made, changed, same)


def _is_same(column: Column[Any]) -> ColumnElement[bool]:
    given: BindParameter[Any] = bindparam(f"_{column.name}")
    return column.is_not_distinct_from(given) if column.nullable else column == given


def _version(kind: type[Record]) -> Statement:
    table, name = TABLE_OF[kind], KEY_OF[kind]
    found = table.c[name] == bindparam("_key")
    return _statement(select(table.c.version).where(found), called={"_key": name})


INSERT_OF: Final = {kind: _insert(table) for kind, table in TABLE_OF.items()}
UPDATE_OF: Final = {kind: _update_if_unchanged(kind) for kind in TABLE_OF}
VERSION_OF: Final = {kind: _version(kind) for kind in TABLE_OF}

INSERT_ACCOUNT: Final = _insert(tables.account)
INSERT_JOURNAL: Final = _insert(tables.journal)
INSERT_ENTRY: Final = _insert(tables.entry)
INSERT_SEAL: Final = _insert(tables.seal)
INSERT_POST: Final = _insert(mailbox_tables.post)
INSERT_LETTER_IF_NEW: Final = _statement(
    sqlite.insert(mailbox_tables.letter).on_conflict_do_nothing(index_elements=["event"])
)
FIND_ACCOUNT: Final = "SELECT id, balance, version FROM account WHERE owner = ? AND kind = ? AND currency = ?"
FIND_STANDING: Final = "SELECT coalesce(frozen, stopped), length(key) = 0 FROM person WHERE id = ?"
FIND_HEAD: Final = "SELECT id, hash FROM journal ORDER BY id DESC LIMIT 1"
