"""What the role that runs the bot may do: read, write rows, and call what keeps the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.storage import tables
from paybridge.storage.kinds import KEY_OF, TABLE_OF, TERMS_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg

LEDGER: Final = frozenset({"account", "entry", "journal", "seal"})
"""Tables that only the function `book` writes."""

_CHANGED: Final = {
    "letter": ("done", "payload"),
    "post": ("state", "event", "reason", "payload"),
    "slot": ("room", "event"),
    "memory": ("value",),
    "vault_check": ("value",),
    "act": (),
    "seen": (),
    "origin": (),
    "webhook": (),
    "lease": ("holder", "epoch", "until"),
}


async def grant(connection: asyncpg.Connection, role: str) -> None:
    """Let the role run the bot; as the owner of the tables. Said twice, it changes nothing more."""
    name = await connection.fetchval("SELECT quote_ident($1)", role)
    schema = await connection.fetchval("SELECT quote_ident(current_schema())")
    async with connection.transaction():
        for statement in _grants(schema, name):
            await connection.execute(statement)


def _grants(schema: str, role: str) -> Iterator[str]:
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    yield f"GRANT EXECUTE ON FUNCTION book(jsonb, jsonb), fence(bigint), forget(text) TO {role}"
    for table, columns in _changed().items():
        yield f'GRANT INSERT ON "{table}" TO {role}'
        if columns:
            named = ", ".join(f'"{column}"' for column in columns)
            yield f'GRANT UPDATE ({named}) ON "{table}" TO {role}'


def _changed() -> dict[str, tuple[str, ...]]:
    """Every table that is written row by row, with the columns that change later."""
    found = dict(_CHANGED)
    for kind, table in TABLE_OF.items():
        kept = {KEY_OF[kind], *TERMS_OF[kind]}
        found.setdefault(table.name, tuple(c.name for c in table.columns if c.name not in kept))
    # A table that nobody has thought of here is one that the bot cannot write.
    missing = tables.metadata.tables.keys() - found.keys() - LEDGER
    assert not missing, missing
    return found
