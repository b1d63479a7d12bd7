"""The real clock and the real randomness, which everything else is handed."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, as the `Clock` that the use cases take."""

    def now(self) -> datetime:
        """Now, with time zone UTC."""
        return datetime.now(UTC)


class SystemChance:
    """The system's cryptographic source, as the `Chance` that the use cases take."""

    def number(self) -> int:
        """A random number of 64 bits."""
        return secrets.randbits(64)

    def token(self) -> str:
        """A random text of 128 bits: 32 hex digits."""
        return secrets.token_hex(16)
