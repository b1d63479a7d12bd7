"""Between contacts and blocks and the rows of their tables, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paybridge.domain.contact import Block, Contact
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def contact_row(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "person": contact.person,
        "name_hash": contact.name_hash,
        "sealed": contact.sealed,
        "created": microseconds(contact.created),
        "version": contact.version,
    }


def contact_of(row: Row) -> Contact:
    return Contact(
        row["id"], row["person"], row["name_hash"], row["sealed"], moment(row["created"]), row["version"]
    )


def block_row(block: Block) -> dict[str, Any]:
    return {
        "id": block.id,
        "person": block.person,
        "other": block.other,
        "is_on": int(block.on),
        "since": microseconds(block.since),
        "version": block.version,
    }


def block_of(row: Row) -> Block:
    return Block(
        row["id"], row["person"], row["other"], bool(row["is_on"]), moment(row["since"]), row["version"]
    )
