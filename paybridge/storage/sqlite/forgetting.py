"""Forgetting a person whose key is destroyed, as the function `forget` does it on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.people import NOBODY
from paybridge.services.ports import StepRefusedError

if TYPE_CHECKING:
    import sqlite3

_IDS: Final = "(SELECT mxid FROM identity WHERE person = :gone)"
_BLANK: Final = (
    "UPDATE transfer SET payer_mxid = :nobody, note = NULL WHERE payer = :gone",
    "UPDATE transfer SET payee_mxid = :nobody WHERE payee = :gone",
    "UPDATE request SET asker_mxid = :nobody, note = NULL WHERE asker = :gone",
    "UPDATE request SET asked_mxid = :nobody, reason = NULL WHERE asked = :gone",
    "UPDATE split SET payer_mxid = :nobody, note = NULL WHERE payer = :gone",
    "UPDATE share SET mxid = :nobody WHERE person = :gone",
    "UPDATE trip SET name = NULL WHERE opener = :gone",
    "UPDATE traveller SET mxid = :nobody WHERE person = :gone",
    "UPDATE expense SET note = NULL WHERE writer = :gone",
    "UPDATE treasurer SET mxid = :nobody WHERE person = :gone",
    "UPDATE proposal SET by_mxid = :nobody WHERE by_person = :gone",
    "UPDATE proposal SET mxid = :nobody WHERE person = :gone",
    "UPDATE assent SET mxid = :nobody WHERE person = :gone",
    "UPDATE repeat SET payer_mxid = :nobody, note = NULL WHERE payer = :gone",
    "UPDATE shop SET owner_mxid = :nobody WHERE owner = :gone",
    "UPDATE club SET owner_mxid = :nobody WHERE owner = :gone",
    "UPDATE member SET mxid = :nobody WHERE person = :gone",
    "UPDATE repeat SET payee_mxid = :nobody WHERE payee = :gone",
    f"UPDATE letter SET sender = :nobody WHERE done = 1 AND sender IN {_IDS}",  # noqa: S608 - our own words
    f"UPDATE post SET person = :nobody WHERE state = 'sent' AND person IN {_IDS}",  # noqa: S608 - our own words
)
_THEIRS: Final = """
    SELECT held.name, keys."from" FROM sqlite_master AS held, pragma_foreign_key_list(held.name) AS keys
    WHERE held.type = 'table' AND keys."table" = 'person' AND held.name NOT IN ('deed', 'transfer')
    """
"""Whatever names a person is theirs and goes, but for what others or the books need."""


def forget(connection: sqlite3.Connection, person: str) -> None:
    """Take out all that only concerns the person, and make what others need nobody's."""
    facts = {"gone": person, "nobody": NOBODY}
    if connection.execute("SELECT length(key) FROM person WHERE id = :gone", facts).fetchone() != (0,):
        raise StepRefusedError("only whose key is destroyed is forgotten")
    for statement in _BLANK:
        connection.execute(statement, facts)
    for table, column in connection.execute(_THEIRS).fetchall():
        connection.execute(f'DELETE FROM "{table}" WHERE "{column}" = :gone', facts)  # noqa: S608 - our own tables
