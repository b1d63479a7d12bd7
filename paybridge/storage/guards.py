"""How a migration sets up its guards in either engine; old migrations rely on it, so that it only grows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_FUNCTION: Final = "CREATE FUNCTION "


def set_up(*, sqlite: Iterable[str] = (), postgresql: Iterable[str] = ()) -> None:
    """Run the statements of the engine that is being migrated."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in sqlite:
            op.execute(statement)
        return
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    for statement in postgresql:
        connection.exec_driver_sql(statement.replace("{schema}", str(schema)))
        if statement.startswith(_FUNCTION):
            # Nobody may call it, nor hang it on a table of their own.
            heading = statement.removeprefix(_FUNCTION).partition(" RETURNS ")[0]
            connection.exec_driver_sql(f"REVOKE EXECUTE ON FUNCTION {heading} FROM PUBLIC")


def replace_check(table: str, name: str, condition: str) -> None:
    """Give the table's check of this name another condition, which what is stored must fulfil already."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _edit_table(
            connection, table, rf"CONSTRAINT {name} CHECK \((?:[^()]|\([^()]*\))*\)", _check(name, condition)
        )
        return
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD {_check(name, condition)}")


def add_check(table: str, name: str, condition: str) -> None:
    """Give the table one more check, which what is stored must fulfil already."""
    _add_constraint(table, _check(name, condition))


def add_foreign_key(table: str, column: str, other: str) -> None:
    """Let the column name rows of the table `other` by their `id`, as what is stored must do already."""
    _add_constraint(table, f"FOREIGN KEY({column}) REFERENCES {other} (id)")


def drop_check(table: str, name: str) -> None:
    """Take a check of the table away."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _edit_table(connection, table, rf",\s*CONSTRAINT {name} CHECK \((?:[^()]|\([^()]*\))*\)", "")
        return
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def drop_foreign_key(table: str, column: str, other: str) -> None:
    """Let the column name anything, as before `add_foreign_key`."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        clause = rf",\s*FOREIGN KEY\({column}\) REFERENCES {other} \(id\)"
        _edit_table(connection, table, clause, "")
        return
    connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey")


def drop_functions(*headings: str) -> None:
    """Take functions of PostgreSQL away, and nothing of SQLite, which has none."""
    set_up(postgresql=[f"DROP FUNCTION {heading}" for heading in headings])


def _check(name: str, condition: str) -> str:
    return f"CONSTRAINT {name} CHECK ({condition})"


def _add_constraint(table: str, clause: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _edit_table(connection, table, r"\s*\)(?=\s*STRICT)", f", \n\t{clause}\n)")
        return
    connection.exec_driver_sql(f"ALTER TABLE {table} ADD {clause}")


def _edit_table(connection: Connection, table: str, pattern: str, into: str) -> None:
    """Edit what SQLite has stored as the table's definition, as its manual allows for constraints.

    It has no other way to alter one but to copy the table, which others refer to.
    """
    named = (table,)
    (told,) = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", named
    ).one()
    edited, count = re.subn(pattern, lambda _: into, told)
    if count != 1:
        raise LookupError(f"{table} has no one place for {into}")
    (version,) = connection.exec_driver_sql("PRAGMA schema_version").one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (edited, table)
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def function(heading: str, body: str, returns: str = "trigger") -> str:
    """A function of PostgreSQL that runs with its owner's rights and looks for tables in their schema alone.

    Without the path, whoever calls it could put a table of their own in front of ours.
    """
    return (
        f"{_FUNCTION}{heading} RETURNS {returns} LANGUAGE plpgsql SECURITY DEFINER"
        f" SET search_path = pg_catalog, {{schema}}, pg_temp AS $${body}$$"
    )


def refused_update(table: str, name: str, when: str, message: str) -> str:
    """A trigger of PostgreSQL that refuses an update of `old` to `new` when the condition holds."""
    return (
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW"
        f" WHEN ({when}) EXECUTE FUNCTION refuse('{message}')"
    )


def refused(table: str, deed: str, message: str) -> str:
    """A trigger of PostgreSQL that refuses every UPDATE, DELETE or TRUNCATE of the table."""
    each = "STATEMENT" if deed == "TRUNCATE" else "ROW"
    return (
        f"CREATE TRIGGER {table}_{deed.lower()} BEFORE {deed} ON {table} FOR EACH {each}"
        f" EXECUTE FUNCTION refuse('{message}')"
    )


def kept(columns: str) -> str:
    """The condition under which one of the columns is altered."""
    names = columns.split()
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("new", "old"))
    return f"({new}) IS DISTINCT FROM ({old})"
