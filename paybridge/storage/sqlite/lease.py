"""The lease on SQLite: a lock on a file beside the database, which ends with the process that holds it."""

from __future__ import annotations

import fcntl
import math
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SqliteLease:
    """`Lease` by a lock that the system keeps: nobody can lose it without ending."""

    span = math.inf

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + "-lease")
        self._held: int | None = None

    async def acquire(self) -> bool:
        if self._held is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._held = file
        return True

    async def renew(self) -> bool:
        return self._held is not None

    async def release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            os.close(held)
