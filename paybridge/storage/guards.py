"""How a migration sets up its guards in either engine; old migrations rely on it, so that it only grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterable

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
