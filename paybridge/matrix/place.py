"""How far a device that stands by has followed: a file beside its keys, for it may not write the books."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Place:
    """A sync token before which nothing is left to do for this device.

    It may be older than the newest: what comes again is known by its event id, and the homeserver keeps
    messages to a device until a sync says that they have come.
    """

    def __init__(self, directory: Path, device: str) -> None:
        self._file = directory / f"{device}.since"

    def read(self) -> str | None:
        """The token; None if the device has none here."""
        try:
            return self._file.read_text(encoding="utf-8") or None
        except FileNotFoundError:
            return None

    def keep(self, token: str) -> None:
        """Write the file whole or not at all, for its owner's eyes only."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._file.with_name(f"{self._file.name}.new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
            writing.write(token)
        unfinished.replace(self._file)

    def forget(self) -> None:
        """From now on the inbox says it."""
        self._file.unlink(missing_ok=True)
