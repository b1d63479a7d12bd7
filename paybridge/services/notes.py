"""What a payment is for: sealed under the key of the person who wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paybridge.domain.people import Person
    from paybridge.services.ports import Vault

MOST_LETTERS = 140


def seal_note(vault: Vault, author: Person, words: str) -> bytes | None:
    """The sealed note, cut to 140 letters, or None if there are no words."""
    text = " ".join(words.split())[:MOST_LETTERS]
    if not text:
        return None
    return vault.seal(author.key, _context(author), text.encode())


def open_note(vault: Vault, author: Person, note: bytes | None) -> str | None:
    """The words of a note; None once its author had themselves erased."""
    return (
        None if note is None or author.is_erased else vault.open(author.key, _context(author), note).decode()
    )


def _context(author: Person) -> str:
    return f"note|{author.id}|words"
