"""Brings a PostgreSQL database to the newest migration, and refuses one that lacks a guard."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from paybridge.storage.errors import GuardsMissingError, NewerDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import asyncpg
    from sqlalchemy import Connection

    from paybridge.storage.postgres.connection import Server

Shape: TypeAlias = "Mapping[str, str]"
"""What a database consists of: the kind and name of every part, to what it says."""

_MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"
EXPECTED: Final = Path(__file__).with_name("shape.json")

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(7292)"

# Of constraints all but NOT NULL, which the columns tell already, and which older servers do not list.
_SHAPE: Final = """
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = current_schema()),
    relation AS (SELECT c.oid, c.relname, c.relkind FROM pg_class AS c JOIN ours ON ours.oid = c.relnamespace)
    SELECT 'column ' || relname || '.' || attname AS name,
        format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce(' COLLATE ' || (
                SELECT collname FROM pg_collation WHERE oid = attcollation AND collname <> 'default'
            ), '') AS says
    FROM relation JOIN pg_attribute ON attrelid = relation.oid
    WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint ' || relname || '.' || conname, pg_get_constraintdef(c.oid)
    FROM relation JOIN pg_constraint AS c ON conrelid = relation.oid
    WHERE contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT 'index ' || i.relname, replace(pg_get_indexdef(i.oid), ours.nspname || '.', '')
        || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
    FROM relation AS i JOIN pg_index ON indexrelid = i.oid CROSS JOIN ours
    UNION ALL
    SELECT 'trigger ' || relname || '.' || tgname,
        replace(pg_get_triggerdef(t.oid), ours.nspname || '.', '')
        || CASE WHEN tgenabled = 'O' THEN '' ELSE ' DISABLED' END
    FROM relation JOIN pg_trigger AS t ON tgrelid = relation.oid CROSS JOIN ours WHERE NOT tgisinternal
    UNION ALL
    SELECT 'rule ' || relname || '.' || rulename, pg_get_ruledef(r.oid)
    FROM relation JOIN pg_rewrite AS r ON ev_class = relation.oid WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT 'function ' || proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        CASE WHEN prosecdef THEN 'DEFINER ' ELSE '' END
        || coalesce(replace(array_to_string(proconfig, '; '), quote_ident(ours.nspname), 'SCHEMA'), '')
        || coalesce(prosrc, '')
    FROM pg_proc AS p JOIN ours ON ours.oid = pronamespace
    WHERE NOT EXISTS (
        SELECT 1 FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e'
    )
"""


async def upgrade(server: Server, to: str = "head") -> None:
    """Run every migration up to `to` that the database lacks, all in one transaction; the owner may do so."""
    await _run(server, command.upgrade, to)


async def downgrade(server: Server, to: str) -> None:
    """Take back every migration after `to`, all in one transaction; the owner may do so."""
    await _run(server, command.downgrade, to)


async def _run(server: Server, way: Callable[[Config, str], None], to: str) -> None:
    async def connect() -> asyncpg.Connection:
        return await server.connect({})

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(_ONE_AT_A_TIME)
        await connection.run_sync(_move, way, to)
    await engine.dispose()


def _move(connection: Connection, way: Callable[[Config, str], None], to: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        way(config, to)
    except CommandError as error:
        raise NewerDatabaseError from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@cache
def newest() -> str:
    """The number of the newest migration."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # there are migrations
    return head


def before(revision: str) -> str:
    """The number of the migration that this one follows."""
    found = ScriptDirectory.from_config(_config()).get_revision(revision).down_revision
    assert isinstance(found, str)  # each follows one, and the first is never taken back
    return found


async def migrated_to(connection: asyncpg.Connection) -> str | None:
    """The number of the newest migration that the database has."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    return cast("str | None", await connection.fetchval("SELECT version_num FROM alembic_version"))


async def shape_of(connection: asyncpg.Connection) -> Shape:
    """What the database consists of now."""
    return {row["name"]: " ".join(row["says"].split()) for row in await connection.fetch(_SHAPE)}


@cache
def expected_shape() -> Shape:
    """What a database consists of after the newest migration; drawn by `make docs`, and compared by tests."""
    return cast("Shape", json.loads(EXPECTED.read_text(encoding="utf-8")))


async def check_guards(connection: asyncpg.Connection) -> None:
    """`GuardsMissingError` unless every part is there as the migrations made it.

    Something more than that (a table made by the operator) is let be, but not what could undo what our tables
    do: a trigger, a rule, or a function called like one of ours.
    """
    found, expected = await shape_of(connection), expected_shape()
    tables = {name.split()[1].split(".")[0] for name in expected if name.startswith("column ")}
    wrong = [name for name, says in expected.items() if found.get(name) != says]
    wrong += [name for name in found if name not in expected and _may_undo(name, tables)]
    if wrong:
        raise GuardsMissingError(f"the database was altered from outside: {', '.join(sorted(wrong))}")


def _may_undo(name: str, tables: set[str]) -> bool:
    kind, _, part = name.partition(" ")
    return kind in {"trigger", "rule", "column"} and part.split(".")[0] in tables
