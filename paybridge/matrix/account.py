"""Who the bot is on the homeserver: one account, one device, kept over restarts in one file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from paybridge.domain.bridges import Bridges


@dataclass(frozen=True, slots=True)
class MatrixOptions:
    """Where to log in and as whom: by a password, or by a token with its device. And whose ghosts count."""

    url: str
    user_id: str
    data_dir: Path
    password: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    device_id: str | None = None
    device_name: str = "PayBridge"
    invites_from_shared_rooms: bool = False
    bridges: Bridges = field(default_factory=Bridges)

    @property
    def account_file(self) -> Path:
        return self.data_dir / "matrix.json"

    @property
    def seeds_file(self) -> Path:
        return self.data_dir / "cross-signing.json"

    @property
    def crypto_dir(self) -> Path:
        return self.data_dir / "crypto"


@dataclass(frozen=True, slots=True)
class Account:
    """One device of the bot.

    Its id is chosen before the first login, so that a login repeated after a crash gives the same device;
    until it succeeds there is no token.
    """

    user_id: str
    device_id: str
    pickle_key: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)

    @classmethod
    def load(cls, file: Path) -> Self | None:
        """What `save` wrote; None if there is no file; `ValueError` if it holds something else."""
        try:
            saved = json.loads(file.read_text(encoding="utf-8"))
            return cls(**saved)
        except FileNotFoundError:
            return None
        except (TypeError, ValueError):
            # Without its cause, which may quote the file.
            raise ValueError(f"{file} does not hold a Matrix account") from None

    def save(self, file: Path) -> None:
        """Write the file whole or not at all, for its owner's eyes only."""
        unfinished = file.with_name(f"{file.name}.new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
            json.dump(asdict(self), writing)
            writing.flush()
            os.fsync(writing.fileno())
        unfinished.replace(file)
