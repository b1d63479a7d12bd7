"""Brings a database to the newest migration, and refuses one that does not guard itself as it should."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from paybridge.storage.errors import GuardsMissingError, NewerDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"

Shape: TypeAlias = "Mapping[tuple[str, str], str]"
"""What a database consists of: (kind, name) of every table, index and trigger, to its SQL."""


def upgrade(connection: sqlite3.Connection, to: str = "head") -> None:
    """Run every migration up to `to` that the database lacks, each in one transaction."""
    _run(connection, command.upgrade, to)


def downgrade(connection: sqlite3.Connection, to: str) -> None:
    """Take back every migration after `to`, each in one transaction."""
    _run(connection, command.downgrade, to)


def _run(connection: sqlite3.Connection, way: Callable[[Config, str], None], to: str) -> None:
    # Never disposed: that would close the connection, which is the caller's.
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", _begin)
    with engine.connect() as adapted:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = adapted
        try:
            way(config, to)
        except CommandError as error:
            raise NewerDatabaseError from error


def _begin(connection: Connection) -> None:
    # The driver begins no transaction before CREATE, and a migration killed halfway would stay half done.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def shape_of(connection: sqlite3.Connection) -> Shape:
    """What the database consists of now."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(kind, name): " ".join(sql.split()) for kind, name, sql in rows}


@cache
def expected_shape(to: str = "head") -> Shape:
    """What a database consists of after the migration `to`, the newest if it is not said."""
    empty = sqlite3.connect(":memory:", isolation_level=None)
    try:
        upgrade(empty, to)
        return shape_of(empty)
    finally:
        empty.close()


def check_guards(connection: sqlite3.Connection) -> None:
    """`GuardsMissingError` unless every table, index and trigger is there as the migrations made it.

    Something more than that (a table made by the operator) is let be, but for triggers, which could undo what
    ours do.
    """
    found, expected = shape_of(connection), expected_shape()
    wrong = [name for name, sql in expected.items() if found.get(name) != sql]
    wrong += [name for name in found if name[0] == "trigger" and name not in expected]
    if wrong:
        names = ", ".join(f"{kind} {name}" for kind, name in sorted(wrong))
        raise GuardsMissingError(f"the database was altered from outside: {names}")
