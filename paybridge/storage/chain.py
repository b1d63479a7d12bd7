"""The chain of hashes over the journals, the same in every engine; the audit has arithmetic of its own."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from paybridge.domain.ledger import Journal

NO_HASH: Final = bytes(32)
"""What the first journal follows."""

_CANONICAL: Final = json.JSONEncoder(separators=(",", ":"))


def said_by(journal: Journal, created: int) -> str:
    """What the journal says, `created` in microseconds: the canonical text behind the hash before it."""
    lines = [
        [line.account.owner, line.account.kind.value, line.amount.currency, line.amount.minor]
        for line in journal.lines
    ]
    content = [journal.idem, journal.kind, journal.transfer, created, lines]
    return _CANONICAL.encode(content)[1:]


def link(prev_hash: bytes, said: str) -> bytes:
    """The journal's link of the chain: SHA-256 of the link before and of everything that it says."""
    return hashlib.sha256(f'["{prev_hash.hex()}",{said}'.encode("ascii")).digest()
