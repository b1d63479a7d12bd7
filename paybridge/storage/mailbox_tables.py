"""The tables of what comes in and goes out: letters, posts, and what is remembered of both."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, UniqueConstraint

from paybridge.storage.columns import (
    BIG,
    TEXT,
    bytes_column,
    check,
    number_column,
    row_number,
    text_column,
    where,
)
from paybridge.storage.tables import metadata

letter = Table(
    "letter",
    metadata,
    row_number("number"),
    text_column("event"),
    text_column("room"),
    text_column("sender"),
    number_column("received"),
    bytes_column("payload"),
    number_column("done"),
    UniqueConstraint("event"),
    check("letter_blanked_when_done", "done = 0 OR (done = 1 AND length(payload) = 0)"),
    Index("letter_waiting", "number", **where("done = 0")),
    sqlite_strict=True,
)

post = Table(
    "post",
    metadata,
    row_number("number"),
    text_column("id"),
    text_column("room", null=True),
    text_column("person", null=True),
    text_column("slot", null=True),
    bytes_column("payload"),
    number_column("created"),
    text_column("state"),
    text_column("event", null=True),
    text_column("reason", null=True),
    UniqueConstraint("id"),
    check("post_one_place", "(room IS NULL) <> (person IS NULL)"),
    check("post_state", "state IN ('aside', 'sent', 'waiting')"),
    check("post_blanked_when_sent", "state <> 'sent' OR (length(payload) = 0 AND event IS NOT NULL)"),
    Index("post_waiting", "number", **where("state = 'waiting'")),
    sqlite_strict=True,
)

slot = Table(
    "slot",
    metadata,
    Column("slot", TEXT, primary_key=True),
    text_column("room"),
    text_column("event"),
    Index("slot_of_event", "event"),
    sqlite_strict=True,
)

memory = Table(
    "memory",
    metadata,
    Column("name", TEXT, primary_key=True),
    text_column("value"),
    sqlite_strict=True,
)

seen = Table(
    "seen",
    metadata,
    Column("what", TEXT, primary_key=True),
    text_column("event"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

vault_check = Table(
    "vault_check",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=False),
    bytes_column("value"),
    check("vault_check_one", "id = 1"),
    sqlite_strict=True,
)
