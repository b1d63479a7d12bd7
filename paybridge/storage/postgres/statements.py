"""The writer's SQL for PostgreSQL, made once from the tables; rows come as JSON, all in one argument."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from paybridge.storage import mailbox_tables
from paybridge.storage.kinds import KEY_OF, TABLE_OF, TERMS_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Table

    from paybridge.services.ports import Record


def as_json(rows: Iterable[Mapping[str, Any]] | list[Any]) -> str:
    """Rows as the statements take them; bytes in PostgreSQL's hexadecimal notation."""
    return _ROWS.encode(rows)


def _hexadecimal(value: object) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"a {type(value).__name__} has no place in a row")


_ROWS: Final = json.JSONEncoder(separators=(",", ":"), default=_hexadecimal)


def _insert(table: Table, *given_by_table: str) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in given_by_table)
    return (
        f'INSERT INTO "{table.name}" ({names}) SELECT {names}'  # noqa: S608 - names from our own tables
        f' FROM json_populate_recordset(NULL::"{table.name}", $1::json)'
    )


def _update_if_unchanged(kind: type[Record]) -> str:
    table, key = TABLE_OF[kind], KEY_OF[kind]
    kept = {key, *TERMS_OF[kind]}
    changed = ", ".join(f'"{c.name}" = new."{c.name}"' for c in table.columns if c.name not in kept)
    terms = "".join(f' AND held."{name}" IS NOT DISTINCT FROM new."{name}"' for name in TERMS_OF[kind])
    return (
        f'UPDATE "{table.name}" AS held SET {changed}'  # noqa: S608 - names from our own tables
        f' FROM json_populate_recordset(NULL::"{table.name}", $1::json) AS new'
        f' WHERE held."{key}" = new."{key}" AND held.version = new.version - 1{terms}'
    )


def _version(kind: type[Record]) -> str:
    return f'SELECT version FROM "{TABLE_OF[kind].name}" WHERE "{KEY_OF[kind]}" = $1'  # noqa: S608 - our own names


INSERT_OF: Final = {kind: _insert(table) for kind, table in TABLE_OF.items()}
UPDATE_OF: Final = {kind: _update_if_unchanged(kind) for kind in TABLE_OF}
VERSION_OF: Final = {kind: _version(kind) for kind in TABLE_OF}

BOOK: Final = "SELECT book($1::jsonb, $2::jsonb)"
INSERT_POSTS: Final = _insert(mailbox_tables.post, "number")
INSERT_LETTERS_IF_NEW: Final = (
    _insert(mailbox_tables.letter, "number") + " ON CONFLICT (event) DO NOTHING RETURNING event"
)
FINISH_LETTERS: Final = _insert(mailbox_tables.letter, "number") + (
    " ON CONFLICT (event) DO UPDATE SET done = 1, payload = '' WHERE letter.done = 0 RETURNING event"
)
MARK_SENT: Final = """
    WITH told AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS told (id, event, room)),
    marked AS (
        UPDATE post SET state = 'sent', event = told.event, reason = NULL, payload = ''
        FROM told WHERE post.id = told.id AND post.state <> 'sent'
        RETURNING post.slot, told.room, told.event
    )
    INSERT INTO slot (slot, room, event) SELECT slot, room, event FROM marked WHERE slot IS NOT NULL
    ON CONFLICT (slot) DO UPDATE SET room = excluded.room, event = excluded.event
    WHERE slot.room <> excluded.room
"""
"""The slot is kept where the message is in that room; a message in a new room takes it over."""

SET_ASIDE: Final = "UPDATE post SET state = 'aside', reason = $2 WHERE id = $1 AND state = 'waiting'"
REMEMBER: Final = (
    "INSERT INTO memory (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
BIND_SEEN: Final = (
    "INSERT INTO seen (what, event) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING"
)
BOUND: Final = "SELECT what, event FROM seen WHERE what = ANY ($1::text[])"
KEEP_WRAPPED_KEY: Final = 'UPDATE person SET "key" = $2, version = version + 1 WHERE id = $1'
CHANGE_VAULT_CHECK: Final = "UPDATE vault_check SET value = $1"
LOCK_PEOPLE: Final = (
    # With a time in `named.frozen`, the person may be frozen, but must be there.
    'SELECT 1 FROM json_populate_recordset(NULL::"person", $1::json) AS named'
    " JOIN person USING (id) WHERE length(person.key) > 0"
    " AND (coalesce(person.frozen, person.stopped) IS NULL OR named.frozen IS NOT NULL) FOR SHARE OF person"
)
FORGET: Final = "SELECT forget($1)"
BALANCE: Final = "SELECT balance FROM account WHERE owner = $1 AND kind = $2 AND currency = $3"
KEEP_VAULT_CHECK: Final = "INSERT INTO vault_check (id, value) VALUES (1, $1) ON CONFLICT (id) DO NOTHING"
VAULT_CHECK: Final = "SELECT value FROM vault_check"
